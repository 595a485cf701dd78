"""`vllm-digest notify`: tell chats and mailboxes of new reports."""

from pathlib import Path

from vllm_digest.languages import language_of, root_of
from vllm_digest.options import NotifyOptions
from vllm_digest.printing import print_product
from vllm_digest.publish.headline import headline
from vllm_digest.publish.notify import send
from vllm_digest.runtime import Runtime, resolve


def notify(runtime: Runtime, options: NotifyOptions) -> None:
    """Send the heads of reports to the services of APPRISE_URLS, if there are any.

    Raises UsageError for a language without a pack.
    """
    addresses = runtime.environ.get("APPRISE_URLS", "").strip()
    if not options.reports or not (addresses or options.dry_run):
        return
    setup = resolve(runtime, options)
    languages = setup.settings.report.languages
    language = language_of(options.language, languages)
    root = root_of(language if language in languages else languages[0], languages)
    site = options.site.rstrip("/") + root if options.site else ""
    paths = [Path(path).with_suffix(".json") for path in options.reports]
    reports = [setup.archive.read(path) for path in paths]
    message = headline(reports, site, language)
    if options.dry_run:
        print_product(f"{message.title}\n\n{message.text}\n")
    else:
        send(message.title, message.text, addresses)
