"""A user's predictions as an evaluation: canonical columns, checked values, pseudonymous students."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rollbook.model.errors import InvalidTable
from rollbook.model.evaluation import EVALUATION_COLUMNS, GROUP_PREFIX, EvaluationProtocol
from rollbook.model.pseudonym import Key, Pseudonymiser
from rollbook.tables.frames import to_arrow
from rollbook.tables.labels import as_text
from rollbook.tables.outcomes import UserColumn, outcome_columns
from rollbook.tables.pseudonyms import pseudonymise_ids
from rollbook.tables.typed import convert, find_column, refuse_rows

_DEFAULT_PROTOCOL = EvaluationProtocol()
_ROW_PARTS = ("student", "item", "order")
_ROW_SEPARATOR = "|"


def conform(  # noqa: PLR0913 - one keyword for each column, as users write them
    frame: Any,
    *,
    key: Key,
    protocol: EvaluationProtocol = _DEFAULT_PROTOCOL,
    student: str = "student",
    truth: str = "truth",
    score: str | None = None,
    prediction: str | None = None,
    row: str | None = None,
    item: str | None = None,
    skill: str | None = None,
    subject: str | None = None,
    time: str | None = None,
    order: str | None = None,
    weight: str | None = None,
    groups: Sequence[str] = (),
) -> pa.Table:
    """An evaluation table from a frame of predictions.

    Each keyword names the frame's column for one canonical column; where it is not given, a column that already has the
    canonical name is taken. Columns `group:*` and those in `groups` are kept as `group:*` text; all others are left
    out, so that nothing which identifies a student comes along. Without a `row` column, rows are named by student, item
    and order (those that there are), and must be unique. A `row` column that only repeats the raw student ids is
    replaced by the pseudonyms.

    Args:
        frame: A pandas, Polars or Arrow table; for a CSV read as text, values are read as the columns' types.
        key: Pseudonymises `student`; what already is a pseudonym stays.
        protocol: How the predictions were made; says what labels and scores are allowed.
        student: The column with the student's id, as text or integers.
        truth: The column with what happened: for `binary` a label of which `protocol.positive` becomes 1.
        score: The column with the model's number, 0 to 1 for a probability.
        prediction: The column with the model's decision, labelled like `truth`.
        row: The column that names rows.
        item: The column with problem, question or essay.
        skill: The column with the knowledge component.
        subject: The column with the school subject.
        time: The column with the time of the row; times without a zone count as UTC.
        order: The column with the position within the student's rows.
        weight: The column with the row's weight.
        groups: Columns with student attributes to keep as `group:<name>`.

    Returns:
        A table with the columns of `EVALUATION_COLUMNS` that there are, in that order, then `group:*`.

    Raises:
        InvalidTable: A column is missing or has wrong values; the message names column, first rows (the first is row 1)
            and values.
    """
    given = {
        "row": row, "student": student, "truth": truth, "score": score, "prediction": prediction, "item": item,
        "skill": skill, "subject": subject, "time": time, "order": order, "weight": weight,
    }  # fmt: skip
    table = to_arrow(frame)
    if not table.num_rows:
        raise InvalidTable("the evaluation has no rows", hint="give one row for each prediction")
    source = _chosen(table, given)
    columns: dict[str, pa.Array] = {"student": pseudonymise_ids(source["student"].values, student, Pseudonymiser(key))}
    columns |= outcome_columns(source, protocol)
    columns |= _context(source)
    columns["row"] = _named_rows(source, columns) if "row" in source else _made_rows(columns)
    ordered = {spec.name: columns[spec.name] for spec in EVALUATION_COLUMNS if spec.name in columns}
    return pa.table(ordered | _groups(table, groups))


def _chosen(table: pa.Table, given: Mapping[str, str | None]) -> dict[str, UserColumn]:
    """The user's column for each canonical column that there is."""
    source: dict[str, UserColumn] = {}
    for canonical, name in given.items():
        chosen = name if name is not None else canonical
        if name is not None or canonical in table.column_names:
            source[canonical] = UserColumn(chosen, find_column(table, chosen))
    return source


def _context(source: Mapping[str, UserColumn]) -> dict[str, pa.Array]:
    """The optional columns beside the outcome."""
    texts = [name for name in ("item", "skill", "subject") if name in source]
    columns = {name: as_text(source[name].values, source[name].name) for name in texts}
    for name, kind in (("time", pa.timestamp("us", "UTC")), ("order", pa.int64())):
        if name in source:
            columns[name] = convert(source[name].values, kind, source[name].name)
    if "weight" in source:
        columns["weight"] = _weights(*source["weight"])
    return columns


def _weights(name: str, array: pa.Array) -> pa.Array:
    weights = convert(array, pa.float64(), name)
    refuse_rows(name, array, weights.is_null(), "are missing", hint="give every row a weight, or leave the column out")
    bad = pc.or_(pc.invert(pc.is_finite(weights)), pc.less(weights, 0.0))
    refuse_rows(name, array, bad, "are negative or not finite", hint="weights are numbers from 0 up")
    if pc.sum(weights).as_py() == 0:
        raise InvalidTable(f"all weights in column {name!r} are zero", hint="leave the column out for equal weights")
    return weights


def _named_rows(source: Mapping[str, UserColumn], columns: Mapping[str, pa.Array]) -> pa.Array:
    name, values = source["row"]
    names = convert(values, pa.string(), name)
    refuse_rows(name, names, pc.or_kleene(names.is_null(), pc.equal(names, "")), "are missing", hint="name every row")
    _refuse_repeated(name, names, hint="a row's name pairs the predictions of two models: make it unique")
    raw_ids = source["student"].values.cast(pa.string())
    return columns["student"] if names.equals(raw_ids) else names


def _made_rows(columns: Mapping[str, pa.Array]) -> pa.Array:
    parts = [name for name in _ROW_PARTS if name in columns]
    texts = [pc.fill_null(columns[name].cast(pa.string()), "") for name in parts]
    names = texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, _ROW_SEPARATOR)
    _refuse_repeated(
        " + ".join(parts), names, hint="students have several rows: name a column that tells them apart with row=..."
    )
    return names


def _refuse_repeated(name: str, names: pa.Array, *, hint: str) -> None:
    if pc.count_distinct(names).as_py() == len(names):
        return
    codes = names.dictionary_encode().indices
    counts = codes.value_counts()
    twice = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    refuse_rows(name, names, pc.is_in(codes, twice), "repeat", hint=hint)


def _groups(table: pa.Table, wanted: Sequence[str]) -> dict[str, pa.Array]:
    kept = [name for name in table.column_names if name.startswith(GROUP_PREFIX)]
    sources = {name: name for name in kept} | {GROUP_PREFIX + name.removeprefix(GROUP_PREFIX): name for name in wanted}
    return {canonical: as_text(find_column(table, name), name) for canonical, name in sources.items()}
