"""Commit and delete: the two ways in which the numbers of a collection change.

Both hold the collection's lock, so numbers are dense however many processes commit at once.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, update

from rollbook.catalog import aliases as aliases_
from rollbook.catalog import memberships as memberships_
from rollbook.catalog import versions as versions_
from rollbook.catalog.execution import add, lock, scope
from rollbook.catalog.rows import Act, CollectionRow, MembershipRow, MoveRow
from rollbook.catalog.schema import collections, memberships
from rollbook.catalog.versions import VersionValues
from rollbook.model.errors import Conflict, InvalidInput
from rollbook.model.names import LATEST


class Committed(msgspec.Struct, frozen=True):
    """The outcome of a commit.

    Attributes:
        membership: The version under its number.
        created: False where the collection held this content already, under this number.
        latest: The move of `latest`, or None where it stayed.
    """

    membership: MembershipRow
    created: bool
    latest: MoveRow | None


def commit_version(
    connection: Connection,
    collection: CollectionRow,
    values: VersionValues,
    act: Act,
    *,
    stated_number: int | None = None,
) -> Committed:
    """Give a version the next number of a collection, unless the collection holds it already.

    Args:
        connection: A writing transaction.
        collection: Where it goes.
        values: What it is.
        act: Who commits it, and when.
        stated_number: The number that the caller says it has. In an empty collection it becomes the first number;
            afterwards it must be the next, or the one under which the same content stands.

    Raises:
        Conflict: Type or stated number do not fit; nothing changes.
        InvalidInput: The stated number is negative.
    """
    if values.type != collection.type:
        raise Conflict(
            f"collection {collection.name!r} holds versions of type {collection.type!r}, not {values.type!r}",
            hint=f"use type={collection.type!r}, or another collection",
        )
    lock(connection, collections, collection.key)
    known = versions_.find(connection, collection.project, values.digest)
    present = known and memberships_.find(connection, collection, known.key)
    if present is not None:
        _check_same(present, stated_number)
        return Committed(present, created=False, latest=None)
    number = _number(collection, memberships_.next_number(connection, collection), stated_number)
    version = known or versions_.ensure(connection, collection, values, act)
    columns = {"collection": collection.key, "number": number, "version": version.key}
    columns |= {"added_at": act.at, "added_by": act.actor}
    key = add(connection, memberships, scope(collection) | columns)
    moved = aliases_.follow_latest(
        connection, collection, Act(actor=act.actor, at=act.at, reason=f"v{number} committed")
    )
    return Committed(memberships_.by_key(connection, key), created=True, latest=moved)


def _check_same(present: MembershipRow, stated: int | None) -> None:
    if stated not in (None, present.number):
        raise Conflict(
            f"the same content is {present.name} already, and was stated to be v{stated}",
            hint="log it without a number, or change it first",
        )


def _number(collection: CollectionRow, following: int | None, stated: int | None) -> int:
    if stated is not None and stated < 0:
        raise InvalidInput(f"version number {stated}", hint="numbers start at 0")
    if following is None:
        return stated or 0
    if stated not in (None, following):
        raise Conflict(
            f"{collection.name}:v{stated} cannot be made: the next number is v{following}",
            hint=f"log {collection.name}:v{following}, or leave the number out",
        )
    return following


def delete(connection: Connection, collection: CollectionRow, number: int, act: Act) -> MoveRow | None:
    """Delete a number: it stays as a tombstone and is never given again. The version's row and history stay.

    Args:
        connection: A writing transaction.
        collection: The collection.
        number: The number to delete.
        act: Who, when and why.

    Returns:
        The move of `latest`, or None where it stayed.

    Raises:
        NotFound: The number was never given, or was deleted before.
        Conflict: An alias other than `latest` points to it.
    """
    lock(connection, collections, collection.key)
    membership = memberships_.get(connection, collection, number)
    pointing = [row for row in aliases_.of_memberships(connection, [membership.key]) if row.alias != LATEST]
    if pointing:
        names = ", ".join(aliases_.label(row.alias, row.segment) for row in pointing)
        raise Conflict(f"{membership.name} is held by {names}", hint="move or delete these aliases first")
    changes = {"deleted_at": act.at, "deleted_by": act.actor}
    connection.execute(update(memberships).where(memberships.c.key == membership.key).values(changes))
    return aliases_.follow_latest(connection, collection, act)
