"""Messages to chats and mailboxes; the only importer of apprise, which knows some hundred of them."""

import logging

_log = logging.getLogger(__name__)


def send(title: str, text: str, addresses: str) -> None:
    """Send a plain text to each address (Apprise's `slack://…`, parted by commas or spaces).

    What goes wrong is only warned of, for the reports are out; services by name, as addresses are secret.
    """
    try:
        import apprise  # noqa: PLC0415 - an extra that most do without
    except ImportError:
        _log.warning("APPRISE_URLS is set, but nothing is sent: pip install 'vllm-digest[notify]'")
        return
    # Its log quotes addresses.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    asset = apprise.AppriseAsset(app_id="vllm-digest", app_desc="vllm-digest", image_url_mask="")
    services = apprise.Apprise(asset=asset)
    if not services.add(addresses):
        _log.warning("APPRISE_URLS has an address that apprise cannot read; nothing is sent there")
    for service in services:
        one = apprise.Apprise(service, asset=asset)
        if not one.notify(body=text, title=title, body_format=apprise.NotifyFormat.TEXT):
            _log.warning("%s did not take the message", service.service_name)
