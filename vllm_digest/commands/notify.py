"""`vllm-digest notify`: send messages about new reports to chats and mailboxes."""

import logging
from pathlib import Path

from vllm_digest.languages import language_of, root_of
from vllm_digest.options import NotifyOptions
from vllm_digest.printing import print_message, print_product
from vllm_digest.publish.headline import Message, headline
from vllm_digest.publish.notify import send, services
from vllm_digest.runtime import Runtime, resolve

log = logging.getLogger(__name__)


def notify(runtime: Runtime, options: NotifyOptions) -> None:
    """Send the heads of reports to the services of APPRISE_URLS, if there are any.

    Raises UsageError for a language without a pack.
    """
    addresses = runtime.environ.get("APPRISE_URLS", "").strip()
    if not options.reports and options.dry_run:
        log.warning("no page is named, so nothing would be sent")
    if not options.reports or not (addresses or options.dry_run):
        return
    setup = resolve(runtime, options)
    languages = setup.settings.report.languages
    language = language_of(options.language, languages)
    root = root_of(language if language in languages else languages[0], languages)
    site = options.site.rstrip("/") + root if options.site else ""
    # `run` and `push` print the paths of pages; the data is beside them.
    paths = [Path(path).with_suffix(".json") for path in options.reports]
    reports = [setup.archive.read(path) for path in paths]
    message = headline(reports, site, language)
    if options.dry_run:
        _show(message, addresses, is_quiet=options.quiet)
    else:
        send(message, addresses)


def _show(message: Message, addresses: str, *, is_quiet: bool) -> None:
    """Print the message in each format that would be sent, and the services."""
    known = services(addresses) if addresses else []
    print_product(f"{message.title}\n\n{message.text}\n")
    if any(is_html for _, is_html in known):
        print_product(f"\n{message.html}\n")
    if is_quiet:
        return
    for name, is_html in known:
        print_message(f"would be sent to {name} as {'HTML' if is_html else 'text'}")
    if not addresses:
        print_message("would be sent to nobody: APPRISE_URLS is not set")
