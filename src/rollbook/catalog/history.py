"""History rows that arrived over a network, kept in parts in the order in which they were logged."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, func, select

from rollbook.catalog.execution import add, builder, every, lock, scope
from rollbook.catalog.history_schema import history_parts
from rollbook.catalog.rows import RunRow
from rollbook.catalog.schema import runs

_PARTS = 50


class PartRow(msgspec.Struct, frozen=True, kw_only=True):
    """Some consecutive rows of a run.

    Attributes:
        first_row: How many rows came before them.
        rows: How many they are.
        last_step: The step of the last.
        content: The rows as `rollbook.app.histories` writes them.
    """

    first_row: int
    rows: int
    last_step: int
    content: bytes


class Extent(msgspec.Struct, frozen=True):
    """How many rows a run has, and the step of the last; -1 where there is none."""

    rows: int
    last_step: int


_part = builder(PartRow)


def extent(connection: Connection, run: int) -> Extent:
    """How much is kept of the run with this key."""
    ends = func.max(history_parts.c.first_row + history_parts.c.rows), func.max(history_parts.c.last_step)
    rows, last_step = connection.execute(select(*ends).where(history_parts.c.run == run)).one()
    return Extent(0, -1) if rows is None else Extent(rows, last_step)


def extend(connection: Connection, run: RunRow, part: PartRow, at: int) -> None:
    """Keep a part; the caller has locked the run and seen that the part begins where the last one ended."""
    add(connection, history_parts, scope(run) | {"run": run.key, "at": at} | msgspec.structs.asdict(part))


def lock_run(connection: Connection, run: RunRow) -> None:
    """Make others who extend this run wait until the transaction ends."""
    lock(connection, runs, run.key)


def next_parts(connection: Connection, run: int, first_row: int) -> tuple[PartRow, ...]:
    """Some parts, beginning with the one that begins at a row; none where there are no more."""
    own = [history_parts.c[name] for name in PartRow.__struct_fields__]
    query = select(*own).where(history_parts.c.run == run, history_parts.c.first_row >= first_row)
    return every(connection, query.order_by(history_parts.c.first_row).limit(_PARTS), _part)
