"""Who asks: from the headers of a request to a person or a service account."""

from __future__ import annotations

from typing import Protocol

from starlette.requests import HTTPConnection

from rollbook.model.errors import Unauthenticated
from rollbook.model.permission import Actor


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

    Raises:
        Unauthenticated: Nobody, or the key is not valid.
    """
    del connection
    raise Unauthenticated("no key was given", hint="send 'Authorization: Bearer KEY'")
