"""The moves of aliases, kept for ever: where an alias was, who moved it, and what a rollback takes back.

Where was an alias before? Read its moves in order. A move that is not a rollback is pushed on a stack; a rollback pops
the newest and puts the alias where that move had found it. So the move to take back is the newest that no rollback has
taken back yet: rolling back twice goes back twice, and after a new move a rollback takes back the new move.

The order of moves is their generation, never the clock, which may jump.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, select

from rollbook.catalog import memberships as memberships_
from rollbook.catalog.execution import builder, every, first
from rollbook.catalog.paging import Page, check_limit, page
from rollbook.catalog.rows import AliasRow, CollectionRow, MembershipRow, MoveRow
from rollbook.catalog.schema import alias_moves, aliases, memberships
from rollbook.model.errors import NotFound
from rollbook.model.instant import to_text

_move = builder(MoveRow)
_from = memberships.alias("from_")
_to = memberships.alias("to_")


def holder_at(
    connection: Connection, collection: CollectionRow, alias: str, instant: int, segment: str = ""
) -> MembershipRow:
    """Where an alias pointed at an instant (UTC microseconds), by its last move at or before it.

    The version may have been deleted since: then the membership's `deleted_at` is set.

    Raises:
        NotFound: It pointed nowhere then.
    """
    query = (
        select(alias_moves.c.to_membership)
        .join(aliases, alias_moves.c.alias == aliases.c.key)
        .where(_named(collection, alias, segment), alias_moves.c.at <= instant)
        .order_by(alias_moves.c.generation.desc())
        .limit(1)
    )
    key = connection.execute(query).scalar_one_or_none()
    if key is None:
        shown = f"{alias}/{segment}" if segment else alias
        raise NotFound(
            f"alias {shown!r} of {collection.name!r} pointed nowhere at {to_text(instant)}",
            hint="see its history with 'rollbook history'",
        )
    return memberships_.by_key(connection, key)


def list_page(
    connection: Connection,
    collection: CollectionRow,
    *,
    alias: str | None = None,
    segment: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Page[MoveRow, int]:
    """Moves of a collection's aliases, the newest first.

    Args:
        connection: The transaction.
        collection: Whose aliases.
        alias: Only of this alias.
        segment: Only of this segment; "" means aliases without one.
        before: The `next` of the page before.
        limit: Rows of the page.
    """
    query = _query().where(aliases.c.collection == collection.key)
    if alias is not None:
        query = query.where(aliases.c.alias == alias)
    if segment is not None:
        query = query.where(aliases.c.segment == segment)
    if before is not None:
        query = query.where(alias_moves.c.key < before)
    query = query.order_by(alias_moves.c.key.desc()).limit(check_limit(limit) + 1)
    return page(every(connection, query, _move), limit, lambda move: move.key)


def last_standing(connection: Connection, alias: AliasRow) -> MoveRow | None:
    """The move that a rollback would take back now: the alias goes to its `from_number`. None where there is none."""
    undone = alias_moves.alias("undone")
    taken_back = select(undone.c.undoes).where(undone.c.alias == alias.key, undone.c.undoes.is_not(None))
    query = (
        _query()
        .where(alias_moves.c.alias == alias.key, alias_moves.c.action != "rollback")
        .where(alias_moves.c.generation.not_in(taken_back))
        .order_by(alias_moves.c.generation.desc())
        .limit(1)
    )
    return first(connection, query, _move)


def _named(collection: CollectionRow, alias: str, segment: str) -> Any:
    return (aliases.c.collection == collection.key) & (aliases.c.alias == alias) & (aliases.c.segment == segment)


@cache
def _query() -> Select[Any]:
    hidden = {"alias", "from_membership", "to_membership"}
    own = [column for column in alias_moves.c if column.name not in hidden]
    joined = (
        alias_moves.join(aliases, alias_moves.c.alias == aliases.c.key)
        .outerjoin(_from, alias_moves.c.from_membership == _from.c.key)
        .outerjoin(_to, alias_moves.c.to_membership == _to.c.key)
    )
    ends = (_from.c.number.label("from_number"), _to.c.number.label("to_number"))
    return select(*own, aliases.c.alias, aliases.c.segment, *ends).select_from(joined)
