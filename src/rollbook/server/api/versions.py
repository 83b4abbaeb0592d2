"""Versions and collections."""

from __future__ import annotations

from rollbook.app import versions
from rollbook.model.facts import VersionFacts
from rollbook.server.routes import Call, Routes

routes = Routes("versions")
_PROJECT = "/projects/{entity}/{project}"


@routes.add("GET", _PROJECT + "/version", needs="version.read", gives=VersionFacts)
def resolve_version(call: Call, reference: str) -> VersionFacts:
    """The version that a reference names, as seen from the project."""
    return versions.resolve(call.register, reference, call.project)


@routes.add("GET", _PROJECT + "/collections/{collection}/versions", needs="version.read", gives=list[VersionFacts])
def list_versions(call: Call, collection: str) -> list[VersionFacts]:
    """Versions of a collection, newest first."""
    return versions.list_versions(call.register, call.project, collection)
