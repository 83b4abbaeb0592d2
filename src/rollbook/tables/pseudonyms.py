"""Pseudonyms in tables: one column at a time, each distinct id once."""

from __future__ import annotations

import re
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from rollbook.model.errors import InvalidInput, InvalidTable
from rollbook.model.pseudonym import Key, Pseudonymiser, is_pseudonym
from rollbook.tables.labels import as_text
from rollbook.tables.logical import is_text
from rollbook.tables.typed import Offence, bad_values, find_column, one_array, refuse_rows

_FLOAT_HINT = (
    "a float id such as 7.0 is another student than 7: read the column as text or integers; pandas turns integers with "
    "missing values into floats, so leave rows without a student out first"
)


def pseudonymise_column(table: pa.Table, column: str, key: Key) -> pa.Table:
    """A table with the ids of one column replaced by pseudonyms. What already is a pseudonym stays.

    Args:
        table: Any table.
        column: The column that holds student ids, as text or integers.
        key: The key of the project's key domain.

    Raises:
        InvalidTable: There is no such column, its values are floats or something else that is no id, or ids are missing
            or empty; the message names the first rows (the first is row 1) and values.
    """
    names = pseudonymise_ids(find_column(table, column), column, Pseudonymiser(key))
    return table.set_column(table.schema.get_field_index(column), column, names)


def pseudonymise_ids(ids: pa.Array, name: str, pseudonymise: Pseudonymiser, *, first_row: int = 0) -> pa.Array:
    """Pseudonyms of an array of ids, as strings.

    Args:
        ids: Text or integers in a plain encoding.
        name: The column, for messages.
        pseudonymise: Makes the pseudonyms.
        first_row: How many rows of the table come before the array.

    Raises:
        InvalidTable: As in `pseudonymise_column`.
    """
    if types.is_floating(ids.type):
        rows = list(range(min(3, len(ids))))
        raise bad_values(name, ids, Offence(f"are {ids.type}s, not ids", rows, len(ids), first_row, _FLOAT_HINT))
    if not (is_text(ids.type) or types.is_integer(ids.type) or types.is_null(ids.type)):
        raise InvalidTable(f"column {name!r} has the type {ids.type}, which is no id", hint="use text or integers")
    refuse_rows(name, ids, ids.is_null(), "name no student", hint="every row needs a student", first_row=first_row)
    coded = ids.dictionary_encode()
    names: list[str] = []
    for position, value in enumerate(coded.dictionary.to_pylist()):
        try:
            names.append(value if isinstance(value, str) and is_pseudonym(value) else pseudonymise(value))
        except InvalidInput as error:
            mask = pc.equal(coded.indices, position)
            hint = _FLOAT_HINT if "float" in error.message else error.hint
            refuse_rows(name, ids, mask, "are no ids", hint=hint, first_row=first_row)
    return pa.array(names, pa.string()).take(coded.indices)


class Suspicion(NamedTuple):
    """A column that may still name students.

    Attributes:
        column: The column.
        reason: Why, in words.
    """

    column: str
    reason: str


def suspicious_columns(table: pa.Table, student: str) -> list[Suspicion]:
    """Columns beside the student's id that look as if they identify students. A hint for people, not a guarantee.

    Args:
        table: A table before pseudonymising.
        student: The column with the student's id.

    Returns:
        One entry per column: its name is one that identifies people and it has many values, most of its values look
        like mail addresses, or it repeats the student's id.

    Raises:
        InvalidTable: There is no such column.
    """
    ids = as_text(find_column(table, student), student)
    found: list[Suspicion] = []
    for name in table.column_names:
        if name != student:
            reason = _suspicion(name, one_array(table.column(name)), ids)
            if reason:
                found.append(Suspicion(name, reason))
    return found


_IDENTIFYING = re.compile(
    r"(full|first|last|given|family|middle|sur|student|pupil|learner|nick|user)?_?name"
    r"|(student|pupil|learner)_?(id|no|nr|number|code)|e_?mail(_?address)?|(tele|mobile|cell)?_?phone(_?number)?"
    r"|ssn|social_security(_number)?|(home_|street_|postal_)?address|(date_of_birth|birth_?da(y|te)|dob)"
)
_MAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"


def _suspicion(name: str, values: pa.Array, ids: pa.Array) -> str:
    if types.is_nested(values.type) or types.is_binary(values.type) or types.is_fixed_size_binary(values.type):
        return ""
    text = as_text(values, name)
    known = len(text) - text.null_count
    if not known:
        return ""
    named = _IDENTIFYING.fullmatch(name.strip().lower().replace(" ", "_").replace("-", "_"))
    # A few values for many students are a category: `address` may say urban or rural.
    if named and pc.count_distinct(text).as_py() * 10 > pc.count_distinct(ids).as_py():
        return "its name is one that identifies people"
    if pc.sum(pc.match_substring_regex(text, _MAIL)).as_py() * 2 > known:
        return "its values look like mail addresses"
    if known > 1 and pc.sum(pc.equal(text, ids)).as_py() * 2 > known:
        return "it repeats the student's id"
    return ""
