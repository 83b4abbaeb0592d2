"""Notes: dated facts about a version that its seal does not cover: tags, descriptions, later metadata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, or_, select, update

from rollbook.catalog.columns import NAME_LIMIT, bounded
from rollbook.catalog.execution import add, builder, every, first, scope
from rollbook.catalog.paging import Page, check_limit, page
from rollbook.catalog.rows import Act, NoteKind, NoteRow, VersionRow
from rollbook.catalog.schema import notes
from rollbook.model.errors import NotFound

_note = builder(NoteRow)


def tag(connection: Connection, version: VersionRow, label: str, act: Act) -> NoteRow:
    """Put a tag on a version; nothing happens where it stands already."""
    bounded(label, NAME_LIMIT)
    standing = first(connection, _standing([version.key], "tag").where(notes.c.value == label), _note)
    return standing or _add(connection, version, "tag", label, act)


def untag(connection: Connection, version: VersionRow, label: str, act: Act) -> NoteRow:
    """Take a tag off a version.

    Raises:
        NotFound: It is not on it.
    """
    standing = first(connection, _standing([version.key], "tag").where(notes.c.value == label), _note)
    if standing is None:
        known = ", ".join(note.value for note in tags(connection, [version.key])) or "none"
        raise NotFound(f"no tag {label!r} on {version.digest}", hint=f"its tags: {known}")
    return _remove(connection, standing, act)


def tags(connection: Connection, versions: Sequence[int], *, at: int | None = None) -> tuple[NoteRow, ...]:
    """The tags that stand on these versions now, or stood at an instant, by label."""
    return every(connection, _standing(versions, "tag", at).order_by(notes.c.value, notes.c.key), _note)


def describe(connection: Connection, version: VersionRow, text: str, act: Act) -> NoteRow:
    """Set the description of a version; the one before stays in its history."""
    for before in every(connection, _standing([version.key], "description"), _note):
        if before.value == text:
            return before
        _remove(connection, before, act)
    return _add(connection, version, "description", text, act)


def descriptions(connection: Connection, versions: Sequence[int], *, at: int | None = None) -> tuple[NoteRow, ...]:
    """The description of each of these versions that has one now, or had one at an instant."""
    return every(connection, _standing(versions, "description", at).order_by(notes.c.key), _note)


def annotate(connection: Connection, version: VersionRow, metadata: str, act: Act) -> NoteRow:
    """Add later metadata, as canonical JSON. It stands beside the sealed metadata and beside what was added before."""
    return _add(connection, version, "metadata", metadata, act)


def later_metadata(connection: Connection, version: VersionRow, *, at: int | None = None) -> tuple[NoteRow, ...]:
    """Later metadata that stands now, or stood at an instant, in the order in which it was added."""
    return every(connection, _standing([version.key], "metadata", at).order_by(notes.c.key), _note)


def list_page(
    connection: Connection, version: VersionRow, *, after: int | None = None, limit: int = 100
) -> Page[NoteRow, int]:
    """Notes that a version ever had, in the order in which they were added."""
    query = select(notes).where(notes.c.version == version.key, notes.c.key > (after or 0))
    query = query.order_by(notes.c.key).limit(check_limit(limit) + 1)
    return page(every(connection, query, _note), limit, lambda note: note.key)


def _standing(versions: Sequence[int], kind: NoteKind, at: int | None = None) -> Select[Any]:
    return select(notes).where(notes.c.version.in_(versions), notes.c.kind == kind, _stood(at))


def _stood(at: int | None) -> ColumnElement[bool]:
    if at is None:
        return notes.c.removed_at.is_(None)
    return (notes.c.added_at <= at) & or_(notes.c.removed_at.is_(None), notes.c.removed_at > at)


def _add(connection: Connection, version: VersionRow, kind: NoteKind, value: str, act: Act) -> NoteRow:
    facts: dict[str, Any] = scope(version) | {"version": version.key, "kind": kind, "value": value}
    facts |= {"actor": act.actor, "added_at": act.at, "removed_at": None, "removed_by": None}
    return NoteRow(key=add(connection, notes, facts), **facts)


def _remove(connection: Connection, note: NoteRow, act: Act) -> NoteRow:
    changes = {"removed_at": act.at, "removed_by": act.actor}
    connection.execute(update(notes).where(notes.c.key == note.key).values(changes))
    return msgspec.structs.replace(note, **changes)
