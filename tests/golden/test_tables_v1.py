"""Content digests that must never change: tables are sealed with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from rollbook.tables import logical_digest, read_table, table_schema
from tests.unit.tables.samples import SAMPLES

VECTORS: dict[str, str] = json.loads((Path(__file__).parent / "tables-v1.json").read_text())


def _long_table() -> pa.Table:
    """More than one block, with nulls in the second only."""
    count = 70_000
    return pa.table(
        {
            "n": pa.array([None if n == 66_000 else n * 7 for n in range(count)], pa.int64()),
            "s": pa.array([f"é{n % 13}" for n in range(count)]),
            "l": pa.array([[n] * (n % 3) for n in range(count)], pa.list_(pa.int32())),
        }
    )


def _tables() -> dict[str, Any]:
    tables = {name: pa.table({"x": pa.array(values, kind)}) for name, (kind, values) in SAMPLES.items()}
    return tables | {
        "no columns": pa.table({}),
        "no rows": pa.table({"a": pa.array([], pa.int64())}),
        "long": _long_table(),
    }


@pytest.mark.parametrize("name", VECTORS)
def test_digest(name: str) -> None:
    assert str(logical_digest(_tables()[name])) == VECTORS[name]


def test_every_type_has_a_vector() -> None:
    assert set(_tables()) == set(VECTORS)


def test_a_file_of_the_first_release_keeps_its_content() -> None:
    """Written by pyarrow 26; every later release must read the same content from it."""
    table = read_table(Path(__file__).parent / "tables-v1.parquet", "tables-v1.parquet")
    expected = pa.table({name: pa.array(values, kind) for name, (kind, values) in SAMPLES.items()})
    assert table_schema(table) == table_schema(expected)
    assert logical_digest(table) == logical_digest(expected)
