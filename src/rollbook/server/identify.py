"""Who asks: from the headers of a request to a person or a service account."""

from __future__ import annotations

from typing import Protocol

from starlette.requests import HTTPConnection

from rollbook.app.apikeys import person_of_key
from rollbook.model.errors import Unauthenticated
from rollbook.model.permission import Actor
from rollbook.server import sessions
from rollbook.server.credentials import key_in
from rollbook.server.state import state_of


class Identity(Protocol):
    """Somebody who is signed in."""

    @property
    def name(self) -> str:
        """Stable name, such as `user:ana`."""
        ...

    def actor_in(self, entity: str) -> Actor | None:
        """This person as a member of an entity's organisation ("" for the person's own), or None for a stranger."""
        ...


def identify(connection: HTTPConnection) -> Identity:
    """Who sends this request.

    Asked anew for every request, so that a key that was revoked opens nothing a moment later.

    Raises:
        Unauthenticated: Nobody, or the key is not valid.
        Forbidden: A browser sends it that is signed in, but from a page of another site.
    """
    headers = connection.headers
    key = key_in(headers.getlist("authorization"), headers.getlist("x-api-key"))
    if key is not None:
        return person_of_key(state_of(connection).system, key)
    signed_in = sessions.person_of(connection)
    if signed_in is None:
        raise Unauthenticated("no key was given", hint="send 'Authorization: Bearer KEY'")
    return signed_in
