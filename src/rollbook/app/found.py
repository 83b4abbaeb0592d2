"""From references and rows to versions: finding what a caller names, and telling all that is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from rollbook.app.register import Register
from rollbook.catalog import Connection, alias_history, aliases, collections, memberships, notes, versions
from rollbook.catalog.rows import MembershipRow, ProjectRow
from rollbook.model import reference as references
from rollbook.model.canonical import JSON, decode
from rollbook.model.digest import Digest
from rollbook.model.errors import NotFound
from rollbook.model.facts import VersionFacts
from rollbook.model.names import LATEST
from rollbook.model.permission import Action
from rollbook.model.reference import Reference
from rollbook.model.version import check_data_class


def locate(
    register: Register, connection: Connection, reference: str, project: str, action: Action = "version.read"
) -> MembershipRow:
    """The membership that a reference names, as seen from a project, for an actor who may do `action` with it.

    Raises:
        InvalidReference: It does not follow the grammar, or a digest prefix is ambiguous.
        NotFound: There is no such version.
        Forbidden: The actor may not read the project.
    """
    parsed = references.parse(reference)
    name = _full_name(register, parsed) or project
    register.allow(action, name, parsed.collection)
    row = register.project(connection, name)
    if parsed.digest_prefix:
        found = locate_digest(connection, row, versions.by_digest(connection, row, parsed.digest_prefix).digest)
        if found.deleted_at is not None:
            raise memberships.was_deleted(found)
        return found
    return _select(connection, row, parsed)


def _full_name(register: Register, parsed: Reference) -> str:
    """The full name of the project that a reference names, or "" where it names none.

    The entity is a team, or the organisation itself for a project that belongs to no team.
    """
    if parsed.entity in ("", register.actor.organisation):
        return parsed.project
    return f"{parsed.entity}/{parsed.project}"


def _select(connection: Connection, project: ProjectRow, parsed: Reference) -> MembershipRow:
    collection = collections.get(connection, project, parsed.collection)
    if parsed.number is not None:
        return memberships.get(connection, collection, parsed.number)
    if parsed.at is None:
        return aliases.holder(connection, collection, parsed.alias, parsed.segment)
    found = alias_history.holder_at(connection, collection, parsed.alias, parsed.at, parsed.segment)
    if found.deleted_at is not None and parsed.alias != LATEST:
        raise NotFound(f"{parsed} was {found.name}, which has been deleted", hint="see 'rollbook history'")
    return found


def locate_digest(connection: Connection, project: ProjectRow, digest: Digest, collection: str = "") -> MembershipRow:
    """A version by its whole digest, as a member of `collection`, else of the one it was first logged to.

    Raises:
        NotFound: The project has no such version.
    """
    row = versions.find(connection, project.key, digest)
    found = memberships.of_versions(connection, [row.key]) if row else ()
    if not found:
        raise NotFound(f"no version {digest} in project {project.name!r}", hint="see 'rollbook ls'")
    return next((item for item in found if item.collection_name == collection), found[0])


def facts_of(register: Register, connection: Connection, rows: Sequence[MembershipRow]) -> list[VersionFacts]:
    """What callers are told of memberships, in their order; three queries for any number of them."""
    keys = [row.version.key for row in rows]
    tags: dict[int, list[str]] = {}
    for note in notes.tags(connection, keys):
        tags.setdefault(note.version, []).append(note.value)
    described = {note.version: note.value for note in notes.descriptions(connection, keys)}
    named: dict[int, list[str]] = {}
    for alias in aliases.of_memberships(connection, [row.key for row in rows]):
        named.setdefault(cast(int, alias.membership), []).append(aliases.label(alias.alias, alias.segment))
    return [
        VersionFacts(
            digest=row.version.digest,
            organisation=register.actor.organisation,
            project=row.project_name,
            collection=row.collection_name,
            number=row.number,
            type=row.version.type,
            data_class=check_data_class(row.version.data_class),
            metadata=cast("dict[str, JSON]", decode(row.version.metadata)),
            manifest_blob=row.version.manifest_blob,
            size=row.version.size,
            file_count=row.version.file_count,
            created_at=row.version.created_at,
            created_by=row.version.created_by,
            run=row.version.run or "",
            aliases=tuple(named.get(row.key, ())),
            tags=tuple(tags.get(row.version.key, ())),
            description=described.get(row.version.key, ""),
        )
        for row in rows
    ]
