"""Where a server is: its address, checked once, so that no key ever travels in the clear by accident."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from rollbook.model.errors import InvalidInput

_EXAMPLE = "for example https://rollbook.school.example"


def check_server(address: str, *, insecure: bool = False) -> str:
    """Return a server's address without a slash at its end.

    Args:
        address: `https://host[:port][/path]`; `http://` only to this machine.
        insecure: Allow `http://` to other machines too: whoever listens in between reads the key.

    Raises:
        InvalidInput: It is no such address.
    """
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise InvalidInput(f"server {address!r} is not an address: {error}", hint=_EXAMPLE) from error
    if parts.scheme not in ("http", "https") or not host:
        raise InvalidInput(f"server {address!r} is not an address", hint=_EXAMPLE)
    if parts.username is not None or parts.query or parts.fragment:
        raise InvalidInput(f"the server's address {host!r} carries more than an address", hint=_EXAMPLE)
    if parts.scheme == "http" and not insecure and not is_loopback(host):
        raise InvalidInput(
            f"server {address!r} would get the key unencrypted",
            hint="use https://, or set ROLLBOOK_INSECURE=on for a network that you trust",
        )
    return _spelled(parts)


def _spelled(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
