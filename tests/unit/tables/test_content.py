"""The content digest depends on schema and values, and on nothing else."""

from __future__ import annotations

import datetime as dt
import io
import struct
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from blake3 import blake3
from hypothesis import given, settings

from rollbook.model.errors import InvalidTable
from rollbook.tables import content
from rollbook.tables.content import logical_digest, table_schema
from tests.unit.tables.samples import SAMPLES, STRUCT


def one(values: list[Any], kind: pa.DataType) -> pa.Table:
    return pa.table({"x": pa.array(values, kind)})


def digest(values: list[Any], kind: pa.DataType) -> str:
    return logical_digest(one(values, kind)).hex


def nan(bits: int) -> float:
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


@pytest.mark.parametrize("name", SAMPLES)
def test_chunks_slices_and_hidden_bytes_do_not_count(name: str) -> None:
    kind, values = SAMPLES[name]
    table = one(values, kind)
    expected = logical_digest(table)
    chunked = pa.table({"x": pa.chunked_array([pa.array([value], kind) for value in values], kind)})
    assert logical_digest(chunked) == expected
    longer = one([values[2], values[0], *values, values[1], values[0]], kind)
    assert logical_digest(longer.slice(2, 3)) == expected
    mask = pa.array([False, True, False])
    full = pa.array([values[0], values[0], values[2]], kind)
    if name != "null":
        assert logical_digest(pa.table({"x": pc.if_else(pc.invert(mask), full, pa.scalar(None, kind))})) == expected


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in {"decimal256", "null"}])
def test_every_changed_value_counts(name: str) -> None:
    kind, values = SAMPLES[name]
    seen = {digest(values, kind), digest(values[::-1], kind), digest(values[:2], kind), digest([], kind)}
    seen |= {digest([values[0], values[0], values[2]], kind), digest([*values, None], kind)}
    assert len(seen) == 6 if values != values[::-1] else 5


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "duration"])
def test_parquet_and_ipc_carry_the_content(name: str) -> None:
    table = one(*SAMPLES[name][::-1])
    for options in ({}, {"store_schema": False, "use_dictionary": False, "compression": "none"}):
        if options and name in {"null", "decimal256"}:
            continue
        sink = io.BytesIO()
        pq.write_table(table, sink, **options)
        assert logical_digest(pq.read_table(io.BytesIO(sink.getvalue()))) == logical_digest(table), options
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    assert logical_digest(pa.ipc.open_file(sink.getvalue()).read_all()) == logical_digest(table)


SAME = {
    "dictionary": (pa.array(["a", None, "b", "a"]), pa.array(["a", None, "b", "a"]).dictionary_encode()),
    "large": (pa.array(["a", None]), pa.array(["a", None], pa.large_string())),
    "view": (
        pa.array(["a", None, "longer than twelve"]),
        pa.array(["a", None, "longer than twelve"], pa.string_view()),
    ),
    "binary view": (pa.array([b"a", None]), pa.array([b"a", None], pa.binary_view())),
    "large list": (pa.array([[1], None]), pa.array([[1], None], pa.large_list(pa.int64()))),
    "list view": (pa.array([[1], None, [2, 3]]), pa.array([[1], None, [2, 3]], pa.list_view(pa.int64()))),
    "fixed list": (pa.array([[1, 2], None]), pa.array([[1, 2], None], pa.list_(pa.int64(), 2))),
    "list of dictionary": (
        pa.array([["a"], None]),
        pa.array([["a"], None], pa.list_(pa.dictionary(pa.int8(), pa.string()))),
    ),
    "run ends": (pa.array([1, 1, None]), pc.run_end_encode(pa.array([1, 1, None]))),
    "decimal width": (pa.array([Decimal("1.5")], pa.decimal128(5, 2)), pa.array([Decimal("1.5")], pa.decimal32(5, 2))),
    "date64": (pa.array([dt.date(2026, 5, 1)]), pa.array([dt.date(2026, 5, 1)], pa.date64())),
    "seconds": (pa.array([1000, None], pa.timestamp("ms")), pa.array([1, None], pa.timestamp("s"))),
    "time seconds": (pa.array([1000], pa.time32("ms")), pa.array([1], pa.time32("s"))),
    "zone name": (pa.array([1], pa.timestamp("us", "UTC")), pa.array([1], pa.timestamp("us", "+00:00"))),
    "NaN": (pa.array([nan(0x7FF8 << 48)]), pa.array([nan(0xFFF0_0000_0000_0001)])),
    "extension": (pa.array([b"0" * 16], pa.binary(16)), pa.array([b"0" * 16], pa.uuid())),
}


@pytest.mark.parametrize("name", SAME)
def test_encodings_share_their_content(name: str) -> None:
    left, right = (pa.table({"x": array}) for array in SAME[name])
    assert not left.equals(right)
    assert table_schema(left) == table_schema(right)
    assert logical_digest(left) == logical_digest(right)


DIFFERENT = {
    "sign of zero": (pa.array([0.0]), pa.array([-0.0])),
    "null and NaN": (pa.array([None], pa.float64()), pa.array([float("nan")])),
    "null and zero": (pa.array([None, 0]), pa.array([0, None])),
    "null and empty": (pa.array([None], pa.string()), pa.array([""])),
    "empty list and null": (pa.array([[]], pa.list_(pa.int8())), pa.array([None], pa.list_(pa.int8()))),
    "cuts of text": (pa.array(["ab", "c"]), pa.array(["a", "bc"])),
    "cuts of lists": (pa.array([[1, 2], [3]]), pa.array([[1], [2, 3]])),
    "width": (pa.array([1], pa.int32()), pa.array([1], pa.int64())),
    "sign": (pa.array([1], pa.uint32()), pa.array([1], pa.int32())),
    "text and bytes": (pa.array(["a"]), pa.array([b"a"])),
    "zone": (pa.array([1], pa.timestamp("us")), pa.array([1], pa.timestamp("us", "UTC"))),
    "unit": (pa.array([1], pa.timestamp("us")), pa.array([1], pa.timestamp("ns"))),
    "field name": (pa.array([{"a": 1}]), pa.array([{"b": 1}])),
    "null struct": (pa.array([None], STRUCT), pa.array([{"a": None, "b": None}], STRUCT)),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_meanings_do_not_share_content(name: str) -> None:
    left, right = (pa.table({"x": array}) for array in DIFFERENT[name])
    assert logical_digest(left) != logical_digest(right)


def test_names_and_their_order_count_and_metadata_does_not() -> None:
    table = pa.table({"a": [1], "b": [1]})
    assert logical_digest(table) != logical_digest(table.select(["b", "a"]))
    assert logical_digest(table) != logical_digest(table.rename_columns(["a", "c"]))
    marked = table.replace_schema_metadata({"pandas": "{}"})
    strict = marked.cast(pa.schema([pa.field("a", pa.int64(), nullable=False), pa.field("b", pa.int64())]))
    assert logical_digest(strict) == logical_digest(table)
    assert logical_digest(table.to_reader()) == logical_digest(table)


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_any_cut_into_batches_gives_one_digest(data: st.DataObject) -> None:
    original = content.BLOCK_ROWS
    name = data.draw(st.sampled_from(sorted(SAMPLES)))
    kind, pool = SAMPLES[name]
    values = data.draw(st.lists(st.sampled_from(range(3)), max_size=30))
    table = one([pool[index] for index in values], kind)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)), max_size=5)))
    pieces = [table.slice(a, b - a) for a, b in zip([0, *cuts], [*cuts, len(values)], strict=True)]
    try:
        content.BLOCK_ROWS = 7
        assert logical_digest(pa.concat_tables(pieces)) == logical_digest(table.combine_chunks())
    finally:
        content.BLOCK_ROWS = original


def test_polars_frames_share_content_with_arrow() -> None:
    frame = pl.DataFrame({"s": ["a", None], "f": [0.5, None], "l": [[1], None]})
    assert logical_digest(frame.to_arrow()) == logical_digest(
        pa.table({"s": ["a", None], "f": [0.5, None], "l": [[1], None]})
    )


def test_the_format_byte_by_byte() -> None:
    """The definition, written out a second time by hand for a small table."""
    table = pa.table({"n": pa.array([1, None], pa.int32()), "s": ["é", "ab"]})
    schema = b'[{"name":"n","type":"int32"},{"name":"s","type":"string"}]'
    rows = struct.pack("<Q", 2)
    first = blake3(rows + b"\1" + b"\1\0" + struct.pack("<ii", 1, 0)).digest()
    second = blake3(rows + b"\0" + struct.pack("<qq", 2, 2) + "éab".encode()).digest()
    whole = b"rollbook table 1\0" + struct.pack("<Q", len(schema)) + schema + rows + first + second
    assert logical_digest(table).hex == blake3(whole).hexdigest()


def test_schema_in_words() -> None:
    table = pa.table({name: pa.array(values, kind) for name, (kind, values) in SAMPLES.items()})
    assert {column["name"]: column["type"] for column in table_schema(table)} == {
        "null": "null",
        "bool": "bool",
        "int8": "int8",
        "uint64": "uint64",
        "float16": "float16",
        "float64": "float64",
        "decimal": "decimal(12, 3)",
        "decimal256": "decimal(50, 3)",
        "date": "date",
        "time": "time[us]",
        "timestamp": "timestamp[us, UTC]",
        "duration": "duration[ns]",
        "string": "string",
        "binary": "binary",
        "fixed_binary": "fixed_binary(2)",
        "list": {"list": "int16"},
        "struct": {"struct": [{"name": "a", "type": "int32"}, {"name": "b", "type": "string"}]},
        "map": {"map": ["string", "int8"]},
        "nested": {"list": {"struct": [{"name": "s", "type": {"list": "string"}}]}},
    }


def test_what_has_no_canonical_content_is_refused() -> None:
    union = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])
    with pytest.raises(InvalidTable, match="union"):
        logical_digest(pa.table({"u": union}))
    with pytest.raises(InvalidTable, match="two columns are named 'a'"):
        logical_digest(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]))
    with pytest.raises(InvalidTable, match="range"):
        logical_digest(one([2**62], pa.timestamp("s")))
    deep = pa.int8()
    for _ in range(20):
        deep = pa.list_(deep)
    with pytest.raises(InvalidTable, match="deeper"):
        logical_digest(pa.table({"d": pa.array([None], deep)}))
