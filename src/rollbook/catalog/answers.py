"""Answers to requests that change something, kept for a day: who asks again is told the same and changes nothing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select, update

from rollbook.catalog.dialect import insert_unless_present
from rollbook.catalog.history_schema import answers
from rollbook.catalog.rows import OrganisationRow, ProjectRow
from rollbook.model.digest import Digest
from rollbook.model.errors import Conflict


def begin(
    connection: Connection, organisation: OrganisationRow, actor: str, name: str, request: Digest, at: int
) -> bytes | None:
    """What this request was answered before, or None where it is new; then others with its name wait for this one.

    Raises:
        Conflict: Another request had this name.
    """
    facts = {"organisation": organisation.key, "project": None, "actor": actor, "name": name}
    insert_unless_present(connection, answers, facts | {"request": request, "content": None, "at": at})
    query = select(answers.c.request, answers.c.content).where(*_named(organisation, actor, name))
    known, content = connection.execute(query).one()
    if known != request:
        raise Conflict(f"idempotency key {name!r} belongs to another request", hint="use a new key for each request")
    return content


def end(
    connection: Connection,
    organisation: OrganisationRow,
    project: ProjectRow | None,
    actor: str,
    name: str,
    content: bytes,
) -> None:
    """Keep the answer of the request that this transaction began."""
    facts = {"content": content, "project": project.key if project else None}
    connection.execute(update(answers).where(*_named(organisation, actor, name)).values(facts))


def forget(connection: Connection, before: int) -> None:
    """Take away answers that are older than an instant."""
    connection.execute(delete(answers).where(answers.c.at < before))


def _named(organisation: OrganisationRow, actor: str, name: str) -> tuple[Any, ...]:
    return answers.c.organisation == organisation.key, answers.c.actor == actor, answers.c.name == name
