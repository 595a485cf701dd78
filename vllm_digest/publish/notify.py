"""Send messages to chats and mailboxes; the only importer of apprise."""

import logging
from typing import Any

from vllm_digest.publish.headline import Message

_log = logging.getLogger(__name__)


def send(message: Message, addresses: str) -> None:
    """Send a message to each address (Apprise's `slack://…`, separated by commas or spaces).

    Services that show HTML receive HTML, others plain text. A failure is only logged as a warning, because
    the reports are already published; the warning names the service, not its address, which is secret.
    """
    for service in _services(addresses):
        is_html = _shows_html(service)
        body = message.html if is_html else message.text
        if not service.notify(body=body, title=message.title, body_format="html" if is_html else "text"):
            _log.warning("%s did not accept the message", service[0].service_name)


def services(addresses: str) -> list[tuple[str, bool]]:
    """The name of each service, and whether it receives HTML."""
    return [(str(service[0].service_name), _shows_html(service)) for service in _services(addresses)]


def _services(addresses: str) -> list[Any]:
    """One `Apprise` object for each service; unusable addresses are logged as a warning."""
    try:
        import apprise  # noqa: PLC0415 - an extra that most do without
    except ImportError:
        _log.warning("APPRISE_URLS is set, but nothing is sent: pip install 'vllm-digest[notify]'")
        return []
    # Apprise's log contains addresses, which are secret.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    # By default messages have an icon that readers' clients load from apprise's repository.
    asset = apprise.AppriseAsset(app_id="vllm-digest", app_desc="vllm-digest", image_url_mask="")
    known = apprise.Apprise(asset=asset)
    if not known.add(addresses):
        _log.warning("APPRISE_URLS has an address that apprise cannot read; nothing is sent there")
    # One object each, because `notify` does not tell which of several services failed.
    return [apprise.Apprise(service, asset=asset) for service in known]


def _shows_html(service: Any) -> bool:
    """Whether the service shows HTML, by default or because its address has `format=html`."""
    plugin = service[0]
    # Since apprise 2 a plugin may have several formats; `resolve_format` returns the one that is used.
    chosen = plugin.resolve_format() if hasattr(plugin, "resolve_format") else plugin.notify_format
    return str(getattr(chosen, "value", chosen)) == "html"
