"""Aliases: movable names of versions. Every move is a compare-and-swap.

A move holds the collection's lock, so moves of its aliases, new numbers and deletions never overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import cache
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, Select, select, update

from rollbook.catalog import memberships as memberships_
from rollbook.catalog.alias_history import last_standing
from rollbook.catalog.execution import add, builder, every, first, lock, scope
from rollbook.catalog.rows import Act, AliasRow, CollectionRow, MembershipRow, MoveAction, MoveRow
from rollbook.catalog.schema import alias_moves, aliases, collections, memberships
from rollbook.model.errors import Conflict, NotFound
from rollbook.model.names import LATEST, check_name


class Expectation(Enum):
    """What a move may expect of the alias besides a number."""

    ANY = "any"


ANY: Final = Expectation.ANY
"""Move the alias wherever it points now."""

_alias = builder(AliasRow)


class Moved(msgspec.Struct, frozen=True):
    """The outcome of a move.

    Attributes:
        alias: Where the alias points now.
        move: The move as history keeps it, or None where the alias was there already and nothing changed.
    """

    alias: AliasRow
    move: MoveRow | None


def current(connection: Connection, collection: CollectionRow, alias: str, segment: str = "") -> AliasRow | None:
    """Where an alias points now, or None where there never was one. A deleted alias has `number` None."""
    where = (aliases.c.collection == collection.key, aliases.c.alias == alias, aliases.c.segment == segment)
    return first(connection, _query().where(*where), _alias)


def holder(connection: Connection, collection: CollectionRow, alias: str, segment: str = "") -> MembershipRow:
    """The membership to which an alias points.

    Raises:
        NotFound: There is no such alias; the hint names those that there are.
    """
    found = current(connection, collection, alias, segment)
    if found is None or found.membership is None:
        raise NotFound(
            f"no alias {label(alias, segment)!r} in {collection.name!r}", hint=_known(connection, collection)
        )
    return memberships_.by_key(connection, found.membership)


def of_collection(connection: Connection, collection: CollectionRow) -> tuple[AliasRow, ...]:
    """Every alias of a collection that points somewhere, by name and segment."""
    wanted = _query().where(aliases.c.collection == collection.key, aliases.c.membership.is_not(None))
    return every(connection, wanted.order_by(aliases.c.alias, aliases.c.segment), _alias)


def of_memberships(connection: Connection, keys: Sequence[int]) -> tuple[AliasRow, ...]:
    """Every alias that points to one of these memberships, by name and segment."""
    wanted = _query().where(aliases.c.membership.in_(keys))
    return every(connection, wanted.order_by(aliases.c.alias, aliases.c.segment), _alias)


def move(
    connection: Connection,
    collection: CollectionRow,
    alias: str,
    to_number: int | None,
    act: Act,
    *,
    segment: str = "",
    expected: int | Expectation | None = ANY,
    generation: int | None = None,
    action: Literal["set", "promote", "delete"] = "set",
) -> Moved:
    """Point an alias at a number, or nowhere, if it still is where the caller believes.

    Args:
        connection: A writing transaction.
        collection: The alias's collection.
        alias: Its name; `latest` moves by itself.
        to_number: Where it shall point, or None to delete it.
        act: Who, when and why.
        segment: Canonical segment text, or "".
        expected: The number where it must point now, None where it must point nowhere, or `ANY`.
        generation: How often it must have moved so far, for callers that must also notice a move away and back.
        action: Why history says that it moved.

    Raises:
        InvalidName: The name is reserved or malformed.
        Conflict: It points elsewhere; the message says where.
        NotFound: The target does not exist or was deleted.
    """
    check_name(alias, "alias")
    lock(connection, collections, collection.key)
    before = current(connection, collection, alias, segment)
    _compare(label(alias, segment), collection, before, expected, generation)
    target = None if to_number is None else memberships_.get(connection, collection, to_number)
    held = before or _new(connection, collection, alias, segment)
    return _record(connection, held, target, act, action)


def roll_back(
    connection: Connection,
    collection: CollectionRow,
    alias: str,
    act: Act,
    *,
    segment: str = "",
    expected: int | Expectation | None = ANY,
) -> Moved:
    """Put an alias back where it was before the newest move that was not taken back yet (see `alias_history`).

    Raises:
        NotFound: There is no such alias, or it was nowhere before.
        Conflict: It is not at `expected`, or the version before was deleted.
    """
    check_name(alias, "alias")
    lock(connection, collections, collection.key)
    held, shown = current(connection, collection, alias, segment), label(alias, segment)
    _compare(shown, collection, held, expected, None)
    undone = held and last_standing(connection, held)
    if held is None or undone is None or undone.from_number is None:
        raise NotFound(f"alias {shown!r} of {collection.name!r} has no earlier version", hint="set it to a number")
    try:
        target = memberships_.get(connection, collection, undone.from_number)
    except NotFound as error:
        raise Conflict(f"cannot roll back: {error.message}", hint="set the alias to a number") from error
    return _record(connection, held, target, act, "rollback", undoes=undone.generation)


def follow_latest(connection: Connection, collection: CollectionRow, act: Act) -> MoveRow | None:
    """Point `latest` at the highest living number; the caller holds the collection's lock."""
    held = current(connection, collection, LATEST) or _new(connection, collection, LATEST, "")
    return _record(connection, held, memberships_.latest(connection, collection), act, "set").move


def label(alias: str, segment: str) -> str:
    """How an alias is written in a reference: `champion`, or `champion/grade=8`."""
    return f"{alias}/{segment}" if segment else alias


@cache
def _query() -> Select[Any]:
    own = list(aliases.c)
    joined = aliases.outerjoin(memberships, aliases.c.membership == memberships.c.key)
    return select(*own, memberships.c.number).select_from(joined)


def _known(connection: Connection, collection: CollectionRow) -> str:
    known = [label(row.alias, row.segment) for row in of_collection(connection, collection)][:10]
    return f"there is {', '.join(known)}" if known else "the collection has no versions"


def _new(connection: Connection, collection: CollectionRow, alias: str, segment: str) -> AliasRow:
    """A new alias that points nowhere yet."""
    values: dict[str, Any] = scope(collection) | {"collection": collection.key, "alias": alias, "segment": segment}
    values |= {"membership": None, "generation": 0, "moved_at": 0}
    return AliasRow(key=add(connection, aliases, values), number=None, **values)


def _compare(
    shown: str,
    collection: CollectionRow,
    held: AliasRow | None,
    expected: int | Expectation | None,
    generation: int | None,
) -> None:
    number, moves = (held.number, held.generation) if held else (None, 0)
    same_number = expected is ANY or expected == number
    if same_number and generation in (None, moves):
        return
    at = "nowhere" if number is None else f"to v{number}"
    wrong = "already" if expected is None else f"not to v{expected}"
    believed = "and has moved meanwhile" if same_number else wrong
    raise Conflict(
        f"alias {shown!r} of {collection.name!r} points {at}, {believed}",
        hint="somebody moved it: look again, then decide again",
    )


def _record(
    connection: Connection,
    held: AliasRow,
    target: MembershipRow | None,
    act: Act,
    action: MoveAction,
    *,
    undoes: int | None = None,
) -> Moved:
    to = None if target is None else target.key
    if to == held.membership and undoes is None:
        return Moved(held, None)
    generation = held.generation + 1
    where = (aliases.c.key == held.key, aliases.c.generation == held.generation)
    changes = {"membership": to, "generation": generation, "moved_at": act.at}
    swapped = connection.execute(update(aliases).where(*where).values(changes)).rowcount
    if swapped != 1:
        raise Conflict(f"alias {label(held.alias, held.segment)!r} was moved at the same time", hint="try again")
    facts: dict[str, Any] = {"generation": generation, "action": action, "undoes": undoes} | msgspec.structs.asdict(act)
    ends = {"from_membership": held.membership, "to_membership": to}
    key = add(connection, alias_moves, scope(held) | facts | ends | {"alias": held.key})
    number = None if target is None else target.number
    now = msgspec.structs.replace(held, membership=to, number=number, generation=generation, moved_at=act.at)
    names: dict[str, Any] = {
        "alias": held.alias,
        "segment": held.segment,
        "from_number": held.number,
        "to_number": number,
    }
    return Moved(now, MoveRow(key=key, **scope(held), **facts, **names))
