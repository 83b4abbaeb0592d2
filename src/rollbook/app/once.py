"""Once: a verb that is asked for again, because its answer was lost, is not done again; its answer is told again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rollbook.app.register import Register
from rollbook.catalog import answers, projects
from rollbook.catalog.joined import Joined
from rollbook.model.digest import Digest
from rollbook.model.errors import InvalidInput

KEPT = 24 * 3600 * 1_000_000
"""How long an answer is told again, microseconds."""
MAX_NAME = 128


def once(register: Register, project: str, name: str, request: Digest, verb: Callable[[Register], bytes]) -> bytes:
    """Do a verb and keep its answer, in one transaction; or, where that was done before, give the answer of then.

    Args:
        register: The register.
        project: Full name of the project that the verb works in.
        name: What the caller calls this request, and no other.
        request: Digest of what is asked for: a name that stood for something else is refused.
        verb: Works on the register that it is given, and returns the answer. Whatever it raises undoes everything.

    Raises:
        Conflict: The caller has used the name for another request.
        InvalidInput: The name is empty, too long or not plain text.
    """
    if not 1 <= len(name) <= MAX_NAME or not name.isascii() or not name.isprintable():
        raise InvalidInput(
            f"idempotency key {name[:MAX_NAME]!r} is not allowed", hint=f"1 to {MAX_NAME} ASCII characters"
        )
    actor, at = register.actor, register.clock()
    with register.catalog.write() as connection:
        organisation = projects.ensure_organisation(connection, actor.organisation, id=register.new_id(), at=at)
        told = answers.begin(connection, organisation, actor.name, name, request, at)
        if told is not None:
            return told
        answer = verb(replace(register, catalog=Joined(connection)))
        row = projects.find_project(connection, organisation, project)
        answers.end(connection, organisation, row, actor.name, name, answer)
        answers.forget(connection, at - KEPT)
        return answer
