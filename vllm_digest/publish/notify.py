"""Messages to chats and mailboxes; the only importer of apprise, which knows some hundred of them."""

import logging
from typing import Any

from vllm_digest.publish.headline import Message

_log = logging.getLogger(__name__)


def send(message: Message, addresses: str) -> None:
    """Send a message to each address (Apprise's `slack://…`, parted by commas or spaces).

    It goes as HTML to services that show HTML, else as plain text. What goes wrong is only warned of, for the
    reports are out; services by name, as addresses are secret.
    """
    for service in _services(addresses):
        is_html = _shows_html(service)
        body = message.html if is_html else message.text
        if not service.notify(body=body, title=message.title, body_format="html" if is_html else "text"):
            _log.warning("%s did not take the message", service[0].service_name)


def services(addresses: str) -> list[tuple[str, bool]]:
    """The name of each service, and whether it is sent HTML."""
    return [(str(service[0].service_name), _shows_html(service)) for service in _services(addresses)]


def _services(addresses: str) -> list[Any]:
    """Each service as an `Apprise` object of its own; what cannot be used is warned of."""
    try:
        import apprise  # noqa: PLC0415 - an extra that most do without
    except ImportError:
        _log.warning("APPRISE_URLS is set, but nothing is sent: pip install 'vllm-digest[notify]'")
        return []
    # Its log quotes addresses.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    asset = apprise.AppriseAsset(app_id="vllm-digest", app_desc="vllm-digest", image_url_mask="")
    known = apprise.Apprise(asset=asset)
    if not known.add(addresses):
        _log.warning("APPRISE_URLS has an address that apprise cannot read; nothing is sent there")
    return [apprise.Apprise(service, asset=asset) for service in known]


def _shows_html(service: Any) -> bool:
    """Does it show HTML by default, or because its address says `format=html`?"""
    plugin = service[0]
    # From apprise 2 on a plugin may have several formats, of which this tells the one to be used.
    chosen = plugin.resolve_format() if hasattr(plugin, "resolve_format") else plugin.notify_format
    return str(getattr(chosen, "value", chosen)) == "html"
