"""Rosters: student attributes by pseudonym, and joining them to an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rollbook.model.errors import InvalidTable, JoinMismatch
from rollbook.model.evaluation import MISSING, ROSTER_INTERVAL
from rollbook.model.pseudonym import Key, Pseudonymiser, is_pseudonym, key_id_of
from rollbook.tables.frames import to_arrow
from rollbook.tables.labels import as_text
from rollbook.tables.pseudonyms import pseudonymise_ids, suspicious_columns
from rollbook.tables.typed import convert, find_column, refuse_rows

MIN_MATCHED = 0.95
"""The share of an evaluation's students that a roster must know."""

_INSTANT = pa.timestamp("us", "UTC")
_BEGIN, _END = -(2**63), 2**63 - 1


def conform_roster(
    frame: Any, *, key: Key, student: str = "student", attributes: Sequence[str] | None = None
) -> pa.Table:
    """A roster table from a frame of student attributes.

    Args:
        frame: A pandas, Polars or Arrow table with one row for each student, or several with `valid_from` / `valid_to`
            (half-open, UTC; a missing end is open).
        key: Pseudonymises `student`; what already is a pseudonym stays.
        student: The column with the student's id.
        attributes: The columns to keep. All others when not given, but then none may look as if it names students.

    Returns:
        A table with `student`, `valid_from` and `valid_to` where given, and attributes as text.

    Raises:
        InvalidTable: A column is missing or looks as if it names students, a student appears twice at one time, or an
            interval ends before it begins.
    """
    table = to_arrow(frame)
    bounds = [name for name in ROSTER_INTERVAL if name in table.column_names]
    if attributes is None:
        attributes = _harmless(table, student, bounds)
    columns = {"student": pseudonymise_ids(find_column(table, student), student, Pseudonymiser(key))}
    columns |= {name: convert(find_column(table, name), _INSTANT, name) for name in bounds}
    columns |= {name: as_text(find_column(table, name), name) for name in attributes}
    roster = pa.table(columns)
    _check_intervals(roster)
    return roster


def join_roster(
    evaluation: pa.Table, roster: pa.Table, *, attributes: Sequence[str] | None = None, at_us: int | None = None
) -> dict[str, pa.Array]:
    """The roster's attributes for each row of an evaluation.

    With validity intervals, the row that holds at the evaluation's `time` counts, or at `at_us` where the evaluation
    has no times.

    Args:
        evaluation: As `conform` returns it.
        roster: As `conform_roster` returns it.
        attributes: Which attributes; all when not given.
        at_us: UTC microseconds since 1970.

    Returns:
        For each attribute one label (string) per evaluation row; `(missing)` where the roster has none.

    Raises:
        JoinMismatch: The roster knows fewer than 95 % of the evaluation's students.
        InvalidTable: A column is missing, a student appears twice at one time, or intervals need a time that
            neither the evaluation nor `at_us` gives.
    """
    if attributes is None:
        attributes = [name for name in roster.column_names if name not in {"student", *ROSTER_INTERVAL}]
    students, known = find_column(evaluation, "student"), find_column(roster, "student")
    _check_match(students, known)
    _check_intervals(roster)
    if set(ROSTER_INTERVAL) & set(roster.column_names):
        rows = _rows_at(students, roster, _times(evaluation, at_us))
    else:
        rows = pc.index_in(students, known)
    return {name: pc.fill_null(as_text(find_column(roster, name), name).take(rows), MISSING) for name in attributes}


def _harmless(table: pa.Table, student: str, bounds: Sequence[str]) -> list[str]:
    suspicions = suspicious_columns(table, student)
    if suspicions:
        raise InvalidTable(
            f"the roster's column {suspicions[0].column!r} may name students: {suspicions[0].reason}",
            hint="leave it out, or name the attributes to keep with attributes=[...]",
        )
    return [name for name in table.column_names if name != student and name not in bounds]


def _interval(roster: pa.Table) -> tuple[pa.Array, pa.Array]:
    """Begin and end of each row as microseconds; open ends are the ends of time."""
    ends: list[pa.Array] = []
    for name, default in zip(ROSTER_INTERVAL, (_BEGIN, _END), strict=True):
        if name in roster.column_names:
            instants = convert(find_column(roster, name), _INSTANT, name)
            ends.append(pc.fill_null(instants.cast(pa.int64()), default))
        else:
            ends.append(pa.repeat(pa.scalar(default, pa.int64()), roster.num_rows))
    return ends[0], ends[1]


def _check_intervals(roster: pa.Table) -> None:
    students = find_column(roster, "student")
    begins, ends = _interval(roster)
    refuse_rows("valid_to", ends, pc.less_equal(ends, begins), "do not lie after valid_from", hint="swap the two")
    if pc.count_distinct(students).as_py() == len(students):
        return
    order = pc.sort_indices(
        pa.table({"student": students, "begin": begins}), sort_keys=[("student", "ascending"), ("begin", "ascending")]
    )
    sorted_students, sorted_begins, sorted_ends = (array.take(order) for array in (students, begins, ends))
    last = len(order) - 1
    same = pc.equal(sorted_students.slice(1), sorted_students.slice(0, last))
    overlaps = pc.and_(same, pc.less(sorted_begins.slice(1), sorted_ends.slice(0, last)))
    positions = order.slice(1).filter(overlaps)
    mask = pc.is_in(pa.array(range(len(students)), pa.uint64()), positions) if len(positions) else overlaps.slice(0, 0)
    refuse_rows(
        "student",
        students,
        mask,
        "appear more than once at one time",
        hint="keep one row per student, or give each row its time with valid_from and valid_to",
    )


def _check_match(students: pa.Array, known: pa.Array) -> None:
    distinct = pc.unique(students)
    matched = pc.sum(pc.is_in(distinct, known)).as_py() or 0
    if matched >= MIN_MATCHED * len(distinct):
        return
    share = matched / len(distinct)
    raise JoinMismatch(
        f"the roster knows {matched} of the evaluation's {len(distinct)} students ({share:.1%}); "
        f"at least {MIN_MATCHED:.0%} are needed",
        hint=_likely_fix(students, known),
    )


def _likely_fix(students: pa.Array, known: pa.Array) -> str:
    ours, theirs = _key_ids(students), _key_ids(known)
    if not ours or not theirs:
        return "one side has raw ids: log both with the project's pseudonym key"
    if ours != theirs:
        return f"different pseudonym keys ({', '.join(ours)} and {', '.join(theirs)}): use one key domain for both"
    return "log a roster that covers the students of the test set; check that ids are written alike (7, 007)"


def _key_ids(names: pa.Array) -> list[str]:
    return sorted({key_id_of(name) for name in names.slice(0, 100).to_pylist() if name and is_pseudonym(name)})


def _times(evaluation: pa.Table, at_us: int | None) -> pa.Array:
    if "time" in evaluation.column_names:
        return find_column(evaluation, "time").cast(pa.int64())
    if at_us is None:
        raise InvalidTable(
            "the roster has validity intervals and the evaluation has no times",
            hint="give the evaluation a time column, or say at which time the roster counts",
        )
    return pa.repeat(pa.scalar(at_us, pa.int64()), evaluation.num_rows)


def _rows_at(students: pa.Array, roster: pa.Table, times: pa.Array) -> pa.Array:
    """For each student and time the position of the roster row that holds then, or null."""
    begins, ends = _interval(roster)
    left = pa.table({"student": students, "time": times, "left": pa.array(range(len(students)), pa.int64())})
    right = pa.table(
        {
            "student": find_column(roster, "student"),
            "begin": begins,
            "end": ends,
            "right": pa.array(range(roster.num_rows), pa.int64()),
        }
    )
    pairs = left.join(right, "student", join_type="inner")
    holds = pc.and_(pc.greater_equal(pairs["time"], pairs["begin"]), pc.less(pairs["time"], pairs["end"]))
    pairs = pairs.filter(holds)
    found = pc.index_in(left["left"].combine_chunks(), pairs["left"].combine_chunks())
    return pairs["right"].combine_chunks().take(found)
