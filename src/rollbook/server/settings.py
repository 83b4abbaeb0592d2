"""What the server is told: arguments first, then the environment. The only module of the server that reads it."""

from __future__ import annotations

from pathlib import Path

import msgspec

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8765


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one server process.

    Attributes:
        data_dir: Data directory: keys and caches always, catalog and blobs unless they are elsewhere.
        host: Address to listen on.
        port: Port to listen on; 0 for any free one.
        database: Database URL, or "" for the data directory's own catalog.
        store: URL of the object store, or "" for the data directory's own blobs.
        base_url: How people reach this server, for links; "" to make it from host and port.
    """

    data_dir: Path
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    database: str = ""
    store: str = ""
    base_url: str = ""
