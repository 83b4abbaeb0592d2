"""What moved in a project since somebody last looked: from its audit entries, and from runs that go on."""

from __future__ import annotations

from typing import NamedTuple, cast

from rollbook.app.register import Register
from rollbook.catalog import audit, runs
from rollbook.catalog.rows import AuditRow
from rollbook.model.canonical import decode
from rollbook.model.events import Cursor, Moved, moved_of
from rollbook.model.permission import Resource, may

MOST = 500
"""Most entries, and most runs, of one look."""
OVERLAP = 5_000_000
"""Microseconds by which two looks at runs overlap: a change is dated before it can be seen, and clocks differ."""


class Look(NamedTuple):
    """What one look found.

    Attributes:
        moved: In the order of their entries; runs that go on come last.
        changed: Those runs, by id, with the instant of their last sign of life.
        cursor: Where the next look goes on.
        whole: False where so much moved that the rest was left out: look at everything anew.
    """

    moved: tuple[Moved, ...]
    changed: dict[str, int]
    cursor: Cursor
    whole: bool


def begin(register: Register, project: str) -> Cursor:
    """Where somebody stands who has just looked at everything.

    Raises:
        NotFound: There is no such project.
    """
    register.allow("run.read", project)
    with register.catalog.read() as connection:
        return Cursor(audit.last(connection, register.project(connection, project).key), register.clock())


def look(register: Register, project: str, since: Cursor) -> Look:
    """What moved since then.

    Raises:
        NotFound: There is no such project.
    """
    resource = register.allow("run.read", project)
    at = register.clock()
    with register.catalog.read() as connection:
        row = register.project(connection, project)
        entries = audit.after(connection, row.key, since.sequence, limit=MOST + 1)
        changed = runs.alive_since(connection, row.key, since.at - OVERLAP, limit=MOST)
    shown = entries[:MOST]
    sequence = shown[-1].sequence if shown else since.sequence
    found = dict.fromkeys(_moved(entry, str(resource)) for entry in shown)
    return Look(tuple(found), changed, Cursor(sequence, max(at, since.at)), len(entries) <= MOST)


def visible(register: Register, project: str, moved: Moved) -> bool:
    """Whether the actor may hear of it."""
    action = "run.read" if moved.kind == "run" else "version.read"
    return may(register.actor, action, Resource(register.actor.organisation, project))


def _moved(entry: AuditRow, project: str) -> Moved:
    recorded = cast("dict[str, object]", decode(entry.entry))
    details = cast("dict[str, object]", recorded.get("details") or {})
    name = entry.resource.removeprefix(project).removeprefix("/")
    return moved_of(entry.action, name, str(details.get("run") or ""))
