"""Versions: made, found, listed, and what stands beside them."""

from __future__ import annotations

from fastapi import Response

from rollbook.app import commits, versions
from rollbook.app.versions import STATEMENTS
from rollbook.model.digest import Digest
from rollbook.model.facts import Committed, VersionFacts
from rollbook.model.wire import NewVersionDocument, NoteDocument, RecordPage, TextPage, VersionPage
from rollbook.server.api.paths import PROJECT, Limit
from rollbook.server.routes import Call, Routes

routes = Routes("versions")


@routes.add("GET", PROJECT + "/version", needs="version.read", gives=VersionFacts)
def resolve_version(call: Call, reference: str) -> VersionFacts:
    """The version that a reference names, as seen from the project."""
    return versions.resolve(call.register, reference, call.project)


@routes.add("GET", PROJECT + "/versions", needs="version.read", gives=VersionPage)
def list_versions(call: Call, collection: str, after: str | None = None, limit: Limit = 100) -> VersionPage:
    """Versions of a collection, newest first."""
    return versions.list_versions(call.register, call.project, collection, after=after, limit=limit)


@routes.add("POST", PROJECT + "/versions", needs="version.write", takes=NewVersionDocument, gives=Committed)
def commit_version(call: Call) -> Committed:
    """Make a version of files that were uploaded before. The same content again is the same version."""
    prepared = commits.prepare(call.register, call.body, call.project)
    return call.once(lambda register: commits.enter(register, prepared))


@routes.add("GET", PROJECT + "/manifest", needs="version.read", gives=bytes)
def read_manifest(call: Call, version: str) -> Response:
    """The stored manifest of the version with this digest: what the version is made of."""
    _, stored = versions.read_manifest(call.register, Digest.parse(version), call.project)
    return Response(stored, media_type="application/octet-stream")


@routes.add("GET", PROJECT + "/statements", needs="version.read", gives=TextPage)
def list_statements(call: Call, version: str, after: str | None = None, limit: Limit = STATEMENTS) -> TextPage:
    """Provenance statements of the version with this digest, oldest first, each as the text that its digest names."""
    digest = Digest.parse(version)
    return versions.statements(call.register, digest, call.project, after=after, limit=min(limit, STATEMENTS))


@routes.add("GET", PROJECT + "/notes", needs="version.read", gives=RecordPage)
def list_notes(call: Call, version: str, after: str | None = None, limit: Limit = 100) -> RecordPage:
    """Every note that the version with this digest ever had, oldest first."""
    return versions.note_history(call.register, Digest.parse(version), call.project, after=after, limit=limit)


@routes.add("POST", PROJECT + "/notes", needs="note.write", takes=NoteDocument, gives=VersionFacts)
def add_note(call: Call) -> VersionFacts:
    """State later facts about a version; its seal does not change."""
    note: NoteDocument = call.body
    return call.once(
        lambda register: versions.note(
            register,
            call.project,
            note.collection,
            note.number,
            add_tags=note.add_tags,
            remove_tags=note.remove_tags,
            description=note.description,
            metadata=note.metadata,
        )
    )
