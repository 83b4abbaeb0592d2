"""Deletions: when, by whom and why a number was deleted, and brought back. Kept for ever, as evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, exists, select, update

from rollbook.catalog import aliases as aliases_
from rollbook.catalog import commits
from rollbook.catalog import memberships as memberships_
from rollbook.catalog.execution import add, builder, every, first, lock, scope
from rollbook.catalog.paging import Page, check_limit, page
from rollbook.catalog.rows import Act, CollectionRow, MembershipRow, MoveRow, ProjectRow
from rollbook.catalog.schema import alias_moves, aliases, collections, memberships, version_links, versions
from rollbook.catalog.space_schema import deletions
from rollbook.model.errors import Conflict, NotFound
from rollbook.model.names import LATEST


class DeletionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A deletion. `undeleted_at` is None while it stands."""

    key: int
    organisation: int
    project: int
    membership: int
    deleted_at: int
    deleted_by: str
    reason: str
    undeleted_at: int | None
    undeleted_by: str | None
    undelete_reason: str | None


_deletion = builder(DeletionRow)
_DEPENDANTS = 5


def delete(connection: Connection, collection: CollectionRow, number: int, act: Act) -> MoveRow | None:
    """Delete a number, and keep why; see `commits.delete`.

    Returns:
        The move of `latest`, or None where it stayed.

    Raises:
        NotFound: The number was never given, or was deleted before.
        Conflict: An alias points to it, or a living version is linked to it and to nothing else that lives.
    """
    lock(connection, collections, collection.key)
    membership = memberships_.get(connection, collection, number)
    dependants = linked_to(connection, membership)
    if dependants:
        raise Conflict(
            f"{membership.name} is needed by {', '.join(dependants)}", hint="delete what is linked to it first"
        )
    move = commits.delete(connection, collection, number, act)
    values: dict[str, Any] = scope(membership) | {"membership": membership.key, "reason": act.reason}
    values |= {"deleted_at": act.at, "deleted_by": act.actor}
    add(connection, deletions, values)
    return move


def undelete(connection: Connection, collection: CollectionRow, number: int, act: Act) -> MoveRow | None:
    """Bring a number back. Aliases stay where they are, but for `latest`.

    Returns:
        The move of `latest`, or None where it stayed.

    Raises:
        NotFound: The number was never given, or is not deleted.
        Conflict: The same content stands under another number now.
    """
    lock(connection, collections, collection.key)
    membership = deleted(connection, collection, number)
    again = memberships_.find(connection, collection, membership.version.key)
    if again is not None:
        raise Conflict(f"{membership.name} was logged again as {again.name}", hint=f"use {again.name}")
    changes = {"deleted_at": None, "deleted_by": None}
    connection.execute(update(memberships).where(memberships.c.key == membership.key).values(changes))
    where = (deletions.c.membership == membership.key, deletions.c.undeleted_at.is_(None))
    facts = {"undeleted_at": act.at, "undeleted_by": act.actor, "undelete_reason": act.reason}
    connection.execute(update(deletions).where(*where).values(facts))
    return aliases_.follow_latest(connection, collection, act)


def deleted(connection: Connection, collection: CollectionRow, number: int) -> MembershipRow:
    """The deleted membership under a number.

    Raises:
        NotFound: The number was never given, or is not deleted.
    """
    where = (memberships.c.collection == collection.key, memberships.c.number == number)
    found = first(connection, memberships_.query().where(*where), memberships_.build)
    if found is None or found.deleted_at is None:
        state = "was never given" if found is None else "is not deleted"
        raise NotFound(f"{collection.name}:v{number} {state}", hint="see 'rollbook ls'")
    return found


def standing(connection: Connection, membership: int) -> DeletionRow | None:
    """The deletion of a membership that was not taken back, or None."""
    where = (deletions.c.membership == membership, deletions.c.undeleted_at.is_(None))
    return first(connection, select(deletions).where(*where), _deletion)


def linked_to(connection: Connection, membership: MembershipRow) -> list[str]:
    """Some living versions that would link to nothing that lives if this membership were deleted."""
    version = membership.version.key
    others = (memberships.c.version == version, memberships.c.deleted_at.is_(None), memberships.c.key != membership.key)
    if connection.execute(select(exists().where(*others))).scalar_one():
        return []
    return [row.name for row in dependants(connection, [version], limit=_DEPENDANTS)]


def dependants(connection: Connection, keys: Sequence[int], *, limit: int) -> tuple[MembershipRow, ...]:
    """Living memberships of versions that are linked to one of these versions."""
    sources = select(version_links.c.source).where(version_links.c.target.in_(keys))
    query = memberships_.query().where(versions.c.key.in_(sources), memberships.c.deleted_at.is_(None))
    return every(connection, query.order_by(memberships.c.key).limit(limit), memberships_.build)


def list_page(
    connection: Connection, project: ProjectRow, *, before: int | None = None, limit: int = 100
) -> Page[tuple[MembershipRow, DeletionRow | None], int]:
    """Deleted memberships of a project with their deletions, the newest number first."""
    where = [memberships.c.project == project.key, memberships.c.deleted_at.is_not(None)]
    if before is not None:
        where.append(memberships.c.key < before)
    query = memberships_.query().where(*where).order_by(memberships.c.key.desc()).limit(check_limit(limit) + 1)
    found = page(every(connection, query, memberships_.build), limit, lambda one: one.key)
    return Page(tuple((one, standing(connection, one.key)) for one in found.items), found.next)


def ever_aliased(connection: Connection, collection: CollectionRow) -> frozenset[int]:
    """Keys of memberships to which an alias of the collection other than `latest` points now, or ever pointed."""
    joined = alias_moves.join(aliases, alias_moves.c.alias == aliases.c.key)
    where = (
        aliases.c.collection == collection.key,
        aliases.c.alias != LATEST,
        alias_moves.c.to_membership.is_not(None),
    )
    query = select(alias_moves.c.to_membership).select_from(joined).where(*where).distinct()
    return frozenset(row[0] for row in connection.execute(query))
