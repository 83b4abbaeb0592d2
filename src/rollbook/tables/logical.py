"""Logical types: what a column means, whatever Arrow encoding carries it.

A logical type is plain JSON: a word (`int64`, `string`, `timestamp[us, UTC]`) or an object for a nested type
(`{"list": T}`, `{"struct": [{"name", "type"}, ...]}`, `{"map": [K, V]}`). Encodings that carry the same values share
one: dictionary and run-end encoding, large and view layouts, fixed-size lists, decimal widths, `date64`. Seconds become
milliseconds, because Parquet has no seconds. Metadata, nullability and extension names are no part of it.
"""

from __future__ import annotations

import pyarrow as pa
from pyarrow import types

from rollbook.model.canonical import JSON
from rollbook.model.errors import InvalidTable

MAX_DEPTH = 16
_UTC = {"UTC", "Etc/UTC", "utc", "Z", "+00:00"}


def logical_type(kind: pa.DataType, where: str, depth: int = 0) -> JSON:
    """The logical type of an Arrow type.

    Args:
        kind: The Arrow type.
        where: The column, for messages.
        depth: Levels of nesting above.

    Raises:
        InvalidTable: The type has no canonical content (unions, intervals), or is nested too deeply.
    """
    if depth > MAX_DEPTH:
        raise InvalidTable(f"column {where!r} is nested deeper than {MAX_DEPTH} levels", hint="flatten it")
    kind = unwrapped(kind)
    if is_listlike(kind):
        return {"list": logical_type(kind.value_type, where, depth + 1)}
    if types.is_struct(kind):
        return {"struct": [{"name": field.name, "type": logical_type(field.type, where, depth + 1)} for field in kind]}
    if types.is_map(kind):
        pair = (kind.key_type, kind.item_type)
        return {"map": [logical_type(part, where, depth + 1) for part in pair]}
    return _scalar(kind, where)


def unwrapped(kind: pa.DataType) -> pa.DataType:
    """The type below extension, dictionary and run-end encoding."""
    while True:
        if isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        elif types.is_dictionary(kind) or types.is_run_end_encoded(kind):
            kind = kind.value_type
        else:
            return kind


def is_listlike(kind: pa.DataType) -> bool:
    """Whether values are lists, in any layout. Maps are not."""
    return (
        types.is_list(kind)
        or types.is_large_list(kind)
        or types.is_fixed_size_list(kind)
        or types.is_list_view(kind)
        or types.is_large_list_view(kind)
    )


def is_text(kind: pa.DataType) -> bool:
    """Whether values are strings, in any layout."""
    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)


def is_bytes(kind: pa.DataType) -> bool:
    """Whether values are byte strings of any length, in any layout."""
    return types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind)


def storage_unit(unit: str) -> str:
    """The unit that carries a unit: Parquet has no seconds."""
    return "ms" if unit == "s" else unit


def zone_name(zone: str | None) -> str | None:
    """One name for UTC, other zones as they are."""
    return "UTC" if zone in _UTC else zone


def _scalar(kind: pa.DataType, where: str) -> str:
    if is_text(kind):
        return "string"
    if is_bytes(kind):
        return "binary"
    if types.is_timestamp(kind):
        zone = "" if kind.tz is None else f", {zone_name(kind.tz)}"
        return f"timestamp[{storage_unit(kind.unit)}{zone}]"
    if types.is_time(kind):
        return f"time[{storage_unit(kind.unit)}]"
    if types.is_duration(kind):
        return f"duration[{storage_unit(kind.unit)}]"
    if types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    if types.is_fixed_size_binary(kind):
        return f"fixed_binary({kind.byte_width})"
    word = _WORDS.get(kind.id)
    if word is None:
        raise InvalidTable(
            f"column {where!r} has the type {kind}, which has no canonical content", hint="cast it to another type"
        )
    return word


_WORDS: dict[int, str] = {
    pa.null().id: "null",
    pa.bool_().id: "bool",
    pa.int8().id: "int8",
    pa.int16().id: "int16",
    pa.int32().id: "int32",
    pa.int64().id: "int64",
    pa.uint8().id: "uint8",
    pa.uint16().id: "uint16",
    pa.uint32().id: "uint32",
    pa.uint64().id: "uint64",
    pa.float16().id: "float16",
    pa.float32().id: "float32",
    pa.float64().id: "float64",
    pa.date32().id: "date",
    pa.date64().id: "date",
}
