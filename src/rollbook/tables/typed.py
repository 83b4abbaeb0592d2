"""Columns converted to declared types, with errors that name the first offending rows and values."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from rollbook.model.errors import InvalidTable
from rollbook.tables.encoding import plain
from rollbook.tables.logical import is_text

DECLARED: dict[str, pa.DataType] = {
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
}
"""Types that a caller may declare for a column."""

SHOWN = 5
"""How many offending rows a message shows."""


def typed_columns(table: pa.Table, columns: Mapping[str, str]) -> pa.Table:
    """A table with the named columns converted to declared types.

    Raises:
        InvalidTable: A column or type is unknown, or a value does not fit.
    """
    for name, word in columns.items():
        if word not in DECLARED:
            raise InvalidTable(f"{word!r} is not a column type", hint=f"one of {', '.join(DECLARED)}")
        column = find_column(table, name)
        table = table.set_column(table.schema.get_field_index(name), name, convert(column, DECLARED[word], name))
    return table


def find_column(table: pa.Table, name: str) -> pa.Array:
    """One column as a plain array.

    Raises:
        InvalidTable: There is no such column; the hint lists what there is.
    """
    if name not in table.column_names:
        names: list[str] = table.column_names
        close = get_close_matches(name, names, n=1)
        known = ", ".join(map(repr, names[:20]))
        raise InvalidTable(
            f"there is no column {name!r}",
            hint=f"did you mean {close[0]!r}?" if close else f"columns: {known}; a pandas index must be reset first",
        )
    return one_array(table.column(name))


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece, without dictionary or other encodings."""
    array = plain(column.combine_chunks())
    return array.cast(pa.string()) if is_text(array.type) and not types.is_string(array.type) else array


def convert(array: pa.Array, kind: pa.DataType, name: str) -> pa.Array:
    """An array as another type; text is read, numbers may change width, nothing is rounded or guessed.

    Args:
        array: Values of any plain type.
        kind: The wanted type. Times of day without a zone count as UTC.
        name: The column, for messages.

    Raises:
        InvalidTable: Values do not fit; the message shows the first rows.
    """
    if array.type == kind:
        return array
    source = pc.utf8_trim_whitespace(array) if is_text(array.type) else array
    try:
        return _cast(source, kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        bad = _offending(source, kind)
        if not bad:
            hint = "give every time a zone, or none of them"
            raise InvalidTable(f"column {name!r} mixes times with and without a zone", hint=hint) from error
        raise bad_values(name, array, Offence(f"cannot be read as {kind}", bad)) from error


class Offence(NamedTuple):
    """Rows that break a rule.

    Attributes:
        what: What is wrong, as the end of a sentence about values.
        rows: Zero-based positions, the first few.
        total: How many rows offend in all, where known.
        first_row: How many rows of the table come before the array.
        hint: The likely fix.
    """

    what: str
    rows: list[int]
    total: int = 0
    first_row: int = 0
    hint: str = ""


def bad_values(name: str, array: pa.Array, offence: Offence) -> InvalidTable:
    """The error for offending rows of a column; the first row of a table is row 1."""
    shown = ", ".join(f"row {offence.first_row + row + 1} ({shown_value(array, row)})" for row in offence.rows[:SHOWN])
    more = max(offence.total, len(offence.rows)) - SHOWN
    rest = f" and {more} more" if more > 0 else ""
    return InvalidTable(f"column {name!r} has values that {offence.what}: {shown}{rest}", hint=offence.hint)


def refuse_rows(name: str, array: pa.Array, mask: pa.Array, what: str, *, hint: str = "", first_row: int = 0) -> None:
    """Raise `InvalidTable` where a mask is true.

    Args:
        name: The column.
        array: The column's values.
        mask: Booleans of the same length; null counts as false.
        what: What is wrong, as the end of a sentence about values.
        hint: The likely fix.
        first_row: How many rows of the table come before the array.

    Raises:
        InvalidTable: The mask is true somewhere.
    """
    rows = pc.indices_nonzero(pc.fill_null(mask, False))
    if len(rows):
        raise bad_values(name, array, Offence(what, rows.slice(0, SHOWN).to_pylist(), len(rows), first_row, hint))


def shown_value(array: pa.Array, row: int) -> str:
    """A value as messages show it."""
    value = array[row].as_py()
    return "missing" if value is None else repr(value)[:60]


def _cast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if types.is_timestamp(kind) and is_text(array.type):
        return _read_instants(array, kind)
    if types.is_timestamp(kind) and not types.is_timestamp(array.type):
        array = array.cast(pa.timestamp(kind.unit))
    if is_text(kind) and types.is_floating(array.type):
        raise pa.ArrowInvalid("a float is not a name")
    if types.is_boolean(kind) and not (is_text(array.type) or _only_zero_and_one(array)):
        raise pa.ArrowInvalid("not a boolean")
    return array.cast(kind)


def _read_instants(array: pa.Array, kind: pa.DataType) -> pa.Array:
    try:
        return array.cast(kind)
    except pa.ArrowInvalid:
        return array.cast(pa.timestamp(kind.unit)).cast(kind)


def _only_zero_and_one(array: pa.Array) -> bool:
    return set(pc.unique(array).slice(0, 4).to_pylist()) <= {None, 0, 1}


def _offending(array: pa.Array, kind: pa.DataType) -> list[int]:
    """The first rows that do not convert. Halves the range until it finds them: errors are rare and columns long."""
    found: list[int] = []
    waiting = [(0, len(array))]
    while waiting and len(found) < SHOWN:
        begin, end = waiting.pop()
        try:
            _cast(array.slice(begin, end - begin), kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            if end - begin == 1:
                found.append(begin)
            else:
                middle = (begin + end) // 2
                waiting += [(middle, end), (begin, middle)]
    return found
