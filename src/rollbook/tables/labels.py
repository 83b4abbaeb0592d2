"""Columns as labels: the text that names a class, a group or a thing."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from rollbook.model.errors import InvalidTable
from rollbook.tables.logical import is_text

_EXACT_INTEGERS = 2.0**53


def as_text(array: pa.Array, name: str) -> pa.Array:
    """Values as text: whole floats lose their `.0` (8 and 8.0 are one grade), NaN and empty text become null.

    Args:
        array: Text, numbers, booleans, dates or times, in a plain encoding.
        name: The column, for messages.

    Raises:
        InvalidTable: The values are lists, structs or bytes.
    """
    kind = array.type
    if is_text(kind):
        trimmed = pc.utf8_trim_whitespace(array)
        return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, trimmed.type), trimmed).cast(pa.string())
    if types.is_floating(kind):
        return _floats_as_text(array.cast(pa.float64()))
    if types.is_nested(kind) or types.is_binary(kind) or types.is_fixed_size_binary(kind):
        raise InvalidTable(f"column {name!r} has the type {kind}, which is no label", hint="use text or numbers")
    return array.cast(pa.string())


def class_labels(array: pa.Array, name: str) -> pa.Array:
    """Class labels as text: True is `1`, False is `0`, otherwise as `as_text`.

    Raises:
        InvalidTable: As in `as_text`.
    """
    return as_text(array.cast(pa.int8()) if types.is_boolean(array.type) else array, name)


def _floats_as_text(array: pa.Array) -> pa.Array:
    array = pc.if_else(pc.is_nan(array), pa.scalar(None, pa.float64()), array)
    whole = pc.and_(pc.equal(pc.trunc(array), array), pc.less(pc.abs(array), _EXACT_INTEGERS))
    integers = pc.if_else(whole, array, 0.0).cast(pa.int64()).cast(pa.string())
    return pc.if_else(whole, integers, array.cast(pa.string()))
