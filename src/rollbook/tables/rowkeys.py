"""Rows as short keys: 16 bytes that are equal for equal rows, whatever their types."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from rollbook.tables.content import BLOCK_ROWS
from rollbook.tables.encoding import one_unit
from rollbook.tables.logical import is_text
from rollbook.tables.typed import one_array

_KEY_BYTES = 16
_NOTHING = b"n"


def row_keys(table: pa.Table, columns: Sequence[str]) -> pa.Array:
    """One key per row over the given columns.

    Rows are taken in blocks, so that memory holds 16 bytes a row and one block of text. 128 bits of BLAKE2b make two
    different rows share a key about never.

    Args:
        table: Any table.
        columns: Which columns, in which order.

    Returns:
        A `fixed_size_binary(16)` array.
    """
    if not columns:
        return pa.array([bytes(_KEY_BYTES)] * table.num_rows, pa.binary(_KEY_BYTES))
    keys: list[pa.Array] = []
    for offset in range(0, table.num_rows, BLOCK_ROWS):
        block = table.select(list(columns)).slice(offset, BLOCK_ROWS)
        keys.append(_block_keys(block))
    return pa.concat_arrays(keys) if keys else pa.array([], pa.binary(_KEY_BYTES))


def cell_texts(array: pa.Array) -> pa.Array:
    """Each value as text that is equal for equal values of one type, null for null: shown to people and compared."""
    kind = array.type
    if is_text(kind):
        return array.cast(pa.large_string())
    if (
        types.is_nested(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
    ):
        values = [None if value is None else _as_json(value) for value in array.to_pylist()]
        return pa.array(values, pa.large_string())
    if types.is_null(kind):
        return pa.nulls(len(array), pa.large_string())
    return one_unit(array).cast(pa.large_string())


def _as_json(value: object) -> str:
    return msgspec.json.encode(value, enc_hook=repr).decode()


def _block_keys(block: pa.Table) -> pa.Array:
    parts: list[pa.Array] = []
    for name in block.column_names:
        text = cell_texts(one_array(block.column(name))).cast(pa.large_binary())
        # The length before each value keeps ("ab", "c") and ("a", "bc") apart.
        length = pc.binary_length(text).cast(pa.large_string()).cast(pa.large_binary())
        whole = pc.binary_join_element_wise(length, text, pa.scalar(b":", pa.large_binary()))
        parts.append(pc.fill_null(whole, pa.scalar(_NOTHING, pa.large_binary())))
    rows = pc.binary_join_element_wise(*parts, pa.scalar(b";", pa.large_binary()))
    digests = [blake2b(row, digest_size=_KEY_BYTES).digest() for row in rows.to_pylist()]
    return pa.array(digests, pa.binary(_KEY_BYTES))
