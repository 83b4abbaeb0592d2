"""From settings to the transport of a server: its checked address, the caller's key, the folders of this machine."""

from __future__ import annotations

from collections.abc import Callable

from rollbook.model.errors import Unauthenticated
from rollbook.sdk.remote.address import check_server
from rollbook.sdk.remote.client import Client
from rollbook.sdk.remote.credentials import read_key
from rollbook.sdk.remote.outbox import Outbox
from rollbook.sdk.remote.transport import Remote
from rollbook.sdk.settings import ServerPlace

OUTBOX = "outbox"


def open_remote(place: ServerPlace, *, clock: Callable[[], int], file_cache: bool = True) -> Remote:
    """The transport of a server. Nothing is asked of it yet.

    Args:
        place: The server.
        clock: UTC microseconds.
        file_cache: Whether files of this machine and of the server may be remembered.

    Raises:
        InvalidInput: The address would give the key away.
        Unauthenticated: There is no key.
    """
    cache = place.cache_dir if file_cache else None
    return Remote(open_client(place), place.entity, open_outbox(place, clock), cache)


def open_client(place: ServerPlace) -> Client:
    """A client of a server.

    Raises:
        InvalidInput: The address would give the key away.
        Unauthenticated: There is no key.
    """
    server = check_server(place.address, insecure=place.insecure)
    key = place.key or read_key(place.config_dir, server)
    if not key:
        raise Unauthenticated(
            f"there is no key for {server}", hint=f"'rollbook login --server {server}', or set ROLLBOOK_API_KEY"
        )
    return Client(server, key)


def open_outbox(place: ServerPlace, clock: Callable[[], int]) -> Outbox:
    """Where history rows wait until a server has them."""
    return Outbox(place.state_dir / OUTBOX, clock)
