"""One connection, with bounds on what its other end may do before a request exists: sizes, counts and patience."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's connection."""
