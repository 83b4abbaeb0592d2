"""What a difference between two tables says, held against a naive comparison."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import given, settings

from rollbook.model.errors import InvalidTable
from rollbook.tables import CellChange, ColumnChange, RowChange, diff_tables, rowkeys
from tests.unit.tables.samples import SAMPLES

OLD = pa.table({"id": [1, 2, 3], "name": ["a", "b", None], "x": [0.5, float("nan"), 2.0]})


def changed(table: pa.Table, column: str, row: int, value: object) -> pa.Table:
    values = table[column].to_pylist()
    values[row] = value
    return table.set_column(
        table.schema.get_field_index(column), column, pa.array(values, table.schema.field(column).type)
    )


def test_the_same_rows_in_another_order_are_no_difference() -> None:
    for key in ((), ("id",)):
        assert diff_tables(OLD, OLD.take([2, 0, 1]), key=key).empty


def test_with_a_key_cells_are_named() -> None:
    new = changed(changed(OLD, "name", 2, "c"), "x", 0, None).slice(0, 3)
    new = pa.concat_tables([new.take([0, 2]), pa.table({"id": [9], "name": ["z"], "x": [1.0]})])
    diff = diff_tables(OLD, new, key=["id"])
    assert (diff.added, diff.removed, diff.changed, diff.rows_old, diff.rows_new) == (1, 1, 2, 3, 3)
    assert diff.cells == {"name": 1, "x": 1}
    assert diff.samples == (
        RowChange("changed", {"id": "1"}, (CellChange("x", "0.5", None),)),
        RowChange("changed", {"id": "3"}, (CellChange("name", None, "c"),)),
        RowChange("added", {"id": "9"}, (CellChange("name", None, "z"), CellChange("x", None, "1"))),
        RowChange("removed", {"id": "2"}, (CellChange("name", "b", None), CellChange("x", "nan", None))),
    )


def test_without_a_key_a_changed_row_is_one_out_and_one_in() -> None:
    diff = diff_tables(OLD, changed(OLD, "name", 0, "A"))
    assert (diff.added, diff.removed, diff.changed) == (1, 1, 0)
    assert [(row.kind, row.key) for row in diff.samples] == [("added", {}), ("removed", {})]


def test_columns_that_came_went_and_changed_type() -> None:
    new = OLD.drop_columns(["name"]).append_column("y", pa.array([1, 2, 3]))
    new = new.set_column(0, "id", new["id"].cast(pa.int32()))
    diff = diff_tables(OLD, new)
    assert diff.columns == (
        ColumnChange("id", "int64", "int32"),
        ColumnChange("name", "string", None),
        ColumnChange("y", None, "int64"),
    )
    assert (diff.added, diff.removed) == (0, 0)
    assert not diff.empty
    with pytest.raises(InvalidTable, match="changed its type"):
        diff_tables(OLD, new, key=["id"])


def test_a_key_must_be_there_and_unique() -> None:
    with pytest.raises(InvalidTable, match="no column 'ident'"):
        diff_tables(OLD, OLD, key=["ident"])
    with pytest.raises(InvalidTable, match=r"repeat in the new table: row 1 \(1\), row 4 \(1\)"):
        diff_tables(OLD, pa.concat_tables([OLD, OLD.slice(0, 1)]), key=["id"])


def test_tables_that_share_no_column_have_as_many_rows_in_common() -> None:
    diff = diff_tables(pa.table({"a": [1, 2]}), pa.table({"b": [1, 2, 3]}))
    assert (diff.added, diff.removed, len(diff.columns)) == (1, 0, 2)


def test_samples_are_bounded() -> None:
    numbers = pa.table({"id": range(1000), "x": range(1000)})
    other = pa.table({"id": range(1000), "x": range(1, 1001)})
    diff = diff_tables(numbers, other, key=["id"], samples=3)
    assert (diff.changed, len(diff.samples)) == (1000, 3)
    diff = diff_tables(numbers, numbers.slice(0, 0), samples=2)
    assert (diff.removed, len(diff.samples)) == (1000, 2)


def test_text_cannot_be_cut_differently() -> None:
    assert not diff_tables(pa.table({"a": ["x;1:y"], "b": [""]}), pa.table({"a": ["x"], "b": ["y"]})).empty
    assert not diff_tables(pa.table({"a": ["n"]}), pa.table({"a": pa.nulls(1, pa.string())})).empty


@pytest.mark.parametrize("name", SAMPLES)
def test_every_type_can_be_compared(name: str) -> None:
    kind, values = SAMPLES[name]
    table = pa.table({"id": [0, 1, 2], "x": pa.array(values, kind)})
    assert diff_tables(table, table.take([1, 2, 0])).empty
    swapped = table.set_column(1, "x", table["x"].take([1, 0, 2]))
    expected = 0 if name == "null" else 2
    assert diff_tables(table, swapped, key=["id"]).changed == expected
    assert diff_tables(table, swapped).added == expected


def test_encodings_are_no_difference() -> None:
    text = pa.array(["a", None, "b"])
    for left, right in (
        (text, text.dictionary_encode()),
        (pa.array([1, None], pa.timestamp("s")), pa.array([1000, None], pa.timestamp("ms"))),
        (pa.array([Decimal("1.5")], pa.decimal128(5, 2)), pa.array([Decimal("1.50")], pa.decimal64(5, 2))),
    ):
        old, new = pa.table({"x": left}), pa.table({"x": right})
        assert diff_tables(old, new).empty


rows = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["a", "b", None])), max_size=12)


@settings(deadline=None, max_examples=60)
@given(rows, rows)
def test_against_counters(left: list[Any], right: list[Any]) -> None:
    original = rowkeys.BLOCK_ROWS
    rowkeys.BLOCK_ROWS = 5
    try:
        tables = [
            pa.table(
                {"n": pa.array([n for n, _ in some], pa.int64()), "s": pa.array([s for _, s in some], pa.string())}
            )
            for some in (left, right)
        ]
        diff = diff_tables(*tables)
    finally:
        rowkeys.BLOCK_ROWS = original
    assert diff.added == (Counter(right) - Counter(left)).total()
    assert diff.removed == (Counter(left) - Counter(right)).total()


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.integers(0, 8), st.integers(0, 2)), st.dictionaries(st.integers(0, 8), st.integers(0, 2)))
def test_against_dictionaries(left: dict[int, int], right: dict[int, int]) -> None:
    tables = [
        pa.table({"k": pa.array(list(some), pa.int64()), "v": pa.array(list(some.values()), pa.int64())})
        for some in (left, right)
    ]
    diff = diff_tables(*tables, key=["k"])
    assert diff.added == len(right.keys() - left.keys())
    assert diff.removed == len(left.keys() - right.keys())
    assert diff.changed == sum(left[key] != right[key] for key in left.keys() & right.keys())
