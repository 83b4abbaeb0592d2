"""What changed between two tables: columns, rows, cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Literal, TypedDict

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from rollbook.model.canonical import JSON
from rollbook.model.errors import InvalidTable
from rollbook.tables.content import BLOCK_ROWS, table_schema
from rollbook.tables.rowkeys import cell_texts, row_keys
from rollbook.tables.typed import find_column, one_array, refuse_rows

MAX_SAMPLES = 20
"""How many rows of each kind a difference shows, unless told otherwise."""


class ColumnChange(msgspec.Struct, frozen=True):
    """A column that came, went or changed its logical type.

    Attributes:
        name: The column.
        old: Its logical type before, or None.
        new: Its logical type after, or None.
    """

    name: str
    old: JSON
    new: JSON


class CellChange(msgspec.Struct, frozen=True):
    """One changed cell, as text; None where it is null."""

    column: str
    old: str | None
    new: str | None


class RowChange(msgspec.Struct, frozen=True):
    """One row that came, went or changed.

    Attributes:
        kind: What happened.
        key: The key columns as text; empty when the tables were compared without a key.
        cells: The changed cells; of a row that came or went all cells outside the key.
    """

    kind: Literal["added", "removed", "changed"]
    key: dict[str, str | None]
    cells: tuple[CellChange, ...]


class TableDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What changed between two tables.

    Attributes:
        columns: Columns that came (`old` is None), went (`new` is None) or changed their type.
        rows_old: Rows before.
        rows_new: Rows after.
        added: Rows only in the new table.
        removed: Rows only in the old table.
        changed: Rows with the same key and different cells; 0 without a key.
        cells: How many cells changed in each column; only columns where some did.
        samples: The first rows of each kind.
    """

    columns: tuple[ColumnChange, ...]
    rows_old: int
    rows_new: int
    added: int
    removed: int
    changed: int
    cells: dict[str, int]
    samples: tuple[RowChange, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing changed (the order of rows does not count)."""
        return not (self.columns or self.added or self.removed or self.changed)


def diff_tables(old: pa.Table, new: pa.Table, *, key: Sequence[str] = (), samples: int = MAX_SAMPLES) -> TableDiff:
    """Compare two tables. The order of rows does not count.

    With a key, rows are paired by it, and columns that both tables have with one type are compared cell by cell.
    Without a key, whole rows over those columns are compared as multisets: a changed row is one removed and one added.

    Args:
        old: The table before.
        new: The table after.
        key: Columns that together name a row; in both tables, unique in each.
        samples: How many rows of each kind to show.

    Raises:
        InvalidTable: A key column is missing, has another type in the other table, or the key is not unique.
    """
    columns, shared = _column_changes(old, new)
    _check_key(old, new, key, shared)
    rows = _keyed(old, new, key, shared, samples) if key else _unkeyed(old, new, shared, samples)
    return TableDiff(columns=columns, rows_old=old.num_rows, rows_new=new.num_rows, **rows)


class _Rows(TypedDict):
    """The part of a difference that is about rows."""

    added: int
    removed: int
    changed: int
    cells: dict[str, int]
    samples: tuple[RowChange, ...]


def _column_changes(old: pa.Table, new: pa.Table) -> tuple[tuple[ColumnChange, ...], list[str]]:
    before = {str(column["name"]): column["type"] for column in table_schema(old)}
    after = {str(column["name"]): column["type"] for column in table_schema(new)}
    names = [*before, *(name for name in after if name not in before)]
    changes = tuple(
        ColumnChange(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    )
    return changes, [name for name in before if after.get(name) == before[name]]


def _check_key(old: pa.Table, new: pa.Table, key: Sequence[str], shared: Sequence[str]) -> None:
    for name in key:
        for table in (old, new):
            find_column(table, name)
        if name not in shared:
            raise InvalidTable(f"the key column {name!r} changed its type", hint="choose another key")


def _unique_keys(table: pa.Table, key: Sequence[str], which: str) -> pa.Array:
    keys = row_keys(table, key)
    if pc.count_distinct(keys).as_py() != len(keys):
        counts = keys.value_counts()
        twice = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
        first = find_column(table, key[0])
        what = f"repeat in the {which} table"
        refuse_rows(
            " + ".join(key), first, pc.is_in(keys, twice), what, hint="add columns to the key until it is unique"
        )
    return keys


def _keyed(old: pa.Table, new: pa.Table, key: Sequence[str], shared: Sequence[str], limit: int) -> _Rows:
    old_keys, new_keys = _unique_keys(old, key, "old"), _unique_keys(new, key, "new")
    partner = pc.index_in(old_keys, new_keys)
    removed = pc.indices_nonzero(partner.is_null())
    added = pc.indices_nonzero(pc.index_in(new_keys, old_keys).is_null())
    paired = pc.indices_nonzero(partner.is_valid())
    cells = _CellComparison(key, [name for name in shared if name not in key], limit)
    for offset in range(0, len(paired), BLOCK_ROWS):
        block = paired.slice(offset, BLOCK_ROWS)
        cells.compare(old.take(block), new.take(partner.take(block)))
    return _Rows(
        added=len(added),
        removed=len(removed),
        changed=cells.changed,
        cells=cells.counts,
        samples=(
            *cells.samples,
            *_whole_rows(new.take(added.slice(0, limit)), key, shared, "added"),
            *_whole_rows(old.take(removed.slice(0, limit)), key, shared, "removed"),
        ),
    )


def _unkeyed(old: pa.Table, new: pa.Table, shared: Sequence[str], limit: int) -> _Rows:
    old_keys, new_keys = row_keys(old, shared), row_keys(new, shared)
    added, added_rows = _surplus(new_keys, old_keys)
    removed, removed_rows = _surplus(old_keys, new_keys)
    return _Rows(
        added=added,
        removed=removed,
        changed=0,
        cells={},
        samples=(
            *_whole_rows(new.take(added_rows.slice(0, limit)), (), shared, "added"),
            *_whole_rows(old.take(removed_rows.slice(0, limit)), (), shared, "removed"),
        ),
    )


def _surplus(these: pa.Array, others: pa.Array) -> tuple[int, pa.Array]:
    """How many more rows these are than the others, counted with repetition, and where such rows first stand."""
    counts, other_counts = these.value_counts(), others.value_counts()
    position = pc.index_in(counts.field("values"), other_counts.field("values"))
    excess = pc.subtract(counts.field("counts"), pc.fill_null(other_counts.field("counts").take(position), 0))
    more = pc.greater(excess, 0)
    first = pc.index_in(counts.field("values").filter(more), these)
    return pc.sum(excess.filter(more)).as_py() or 0, first


class _CellComparison:
    """Compares paired rows cell by cell, block after block."""

    def __init__(self, key: Sequence[str], columns: Sequence[str], limit: int) -> None:
        self._key = key
        self._columns = columns
        self._limit = limit
        self.changed = 0
        self.counts: dict[str, int] = {}
        self.samples: list[RowChange] = []

    def compare(self, old: pa.Table, new: pa.Table) -> None:
        """Add two tables whose rows belong together in order."""
        differs = {name: _differs(old, new, name) for name in self._columns}
        differs = {name: mask for name, mask in differs.items() if pc.any(mask).as_py()}
        if not differs:
            return
        for name, mask in differs.items():
            self.counts[name] = self.counts.get(name, 0) + pc.sum(mask).as_py()
        rows = pc.indices_nonzero(reduce(pc.or_, differs.values()))
        self.changed += len(rows)
        for row in rows.slice(0, max(0, self._limit - len(self.samples))).to_pylist():
            names = [name for name, mask in differs.items() if mask[row].as_py()]
            cells = tuple(CellChange(name, _text(old, name, row), _text(new, name, row)) for name in names)
            self.samples.append(RowChange("changed", {name: _text(old, name, row) for name in self._key}, cells))


def _differs(old: pa.Table, new: pa.Table, name: str) -> pa.Array:
    before, after = (one_array(table.column(name)) for table in (old, new))
    if before.type == after.type and before.equals(after):
        return pa.repeat(False, len(before))
    left, right = cell_texts(before), cell_texts(after)
    unequal = pc.fill_null(pc.not_equal(left, right), False)
    return pc.or_(unequal, pc.not_equal(left.is_null(), right.is_null()))


def _whole_rows(
    table: pa.Table, key: Sequence[str], shared: Sequence[str], kind: Literal["added", "removed"]
) -> Iterator[RowChange]:
    for row in range(table.num_rows):
        values = {name: _text(table, name, row) for name in shared}
        cells = (
            CellChange(name, *((None, value) if kind == "added" else (value, None)))
            for name, value in values.items()
            if name not in key
        )
        yield RowChange(kind, {name: values[name] for name in key}, tuple(cells))


def _text(table: pa.Table, name: str, row: int) -> str | None:
    return cell_texts(one_array(table.column(name).slice(row, 1)))[0].as_py()
