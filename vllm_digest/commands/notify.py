"""`vllm-digest notify`: tell chats and mailboxes of new reports."""

from pathlib import Path

from vllm_digest import archive
from vllm_digest.options import NotifyOptions
from vllm_digest.printing import print_product
from vllm_digest.publish.headline import headline
from vllm_digest.publish.notify import send
from vllm_digest.runtime import Runtime


def notify(runtime: Runtime, options: NotifyOptions) -> None:
    """Send the heads of reports to the services of APPRISE_URLS, if there are any."""
    addresses = runtime.environ.get("APPRISE_URLS", "").strip()
    if not options.reports or not (addresses or options.dry_run):
        return
    reports = [archive.load(Path(path).with_suffix(".json")) for path in options.reports]
    message = headline(reports, options.site or "")
    if options.dry_run:
        print_product(f"{message.title}\n\n{message.text}\n")
    else:
        send(message.title, message.text, addresses)
