"""Projects, and the key under which their students have pseudonyms."""

from __future__ import annotations

import base64

from rollbook.app import keys, versions
from rollbook.model.wire import KeyDocument, TextPage
from rollbook.server.api.paths import PROJECT, Limit
from rollbook.server.routes import Call, Document, Routes

routes = Routes("projects")


@routes.add("GET", "/projects/{entity}", needs="member", gives=TextPage)
def list_projects(call: Call, after: str | None = None, limit: Limit = 100) -> TextPage:
    """Full names of the projects of an organisation in which the caller has a role."""
    return versions.list_projects(call.register, after=after, limit=limit)


@routes.add("GET", PROJECT + "/pseudonym-key", needs="version.write", gives=KeyDocument)
def read_pseudonym_key(call: Call) -> Document:
    """The secret that makes pseudonyms of student ids, for clients that make them before anything leaves a machine."""
    secret = keys.key_of(call.register, call.project).secret
    answer = Document(KeyDocument(base64.b64encode(secret).decode()))
    answer.headers["Cache-Control"] = "no-store"
    return answer
