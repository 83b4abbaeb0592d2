"""Collections."""

from __future__ import annotations

from rollbook.app import versions
from rollbook.model.wire import CollectionPage
from rollbook.server.api.paths import PROJECT, Limit
from rollbook.server.routes import Call, Routes

routes = Routes("collections")


@routes.add("GET", PROJECT + "/collections", needs="version.read", gives=CollectionPage)
def list_collections(
    call: Call,
    type: str = "",  # noqa: A002 - the word of the API
    after: str | None = None,
    limit: Limit = 100,
) -> CollectionPage:
    """Collections by name."""
    return versions.list_collections(call.register, call.project, type, after=after, limit=limit)
