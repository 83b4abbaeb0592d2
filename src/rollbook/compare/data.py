"""What goes in: one model version's predictions for known students, with the protocol they were made under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec
import numpy as np

from rollbook.compare.arrays import Floats, Labels, floats, keys
from rollbook.model.errors import InvalidTable

Task = Literal["binary", "numeric"]
"""`binary`: truth is 0 or 1. `numeric`: truth is a number (regression, or ordinal such as essay scores)."""

_TASKS: Mapping[str, Task] = {"binary": "binary", "regression": "numeric", "ordinal": "numeric", "numeric": "numeric"}


class EvaluationData(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One model version's predictions. All arrays have the same length n, one element per row (prediction).

    Attributes:
        label: The reference shown to people, for example `dropout_lr:v1`.
        row: Key that pairs the rows of different versions; unique; integers or text.
        student: Pseudonym of the student each row is about; integers or text, never floating point.
        truth: 0 or 1 (1 is the declared positive class, the outcome that is flagged), or a number.
        score: Risk score or probability, larger meaning more likely positive; or None.
        prediction: Decision (0 or 1), or predicted number; or None.
        threshold: A score of at least this is a positive decision; used where `prediction` is None.
        weight: Non-negative row weights, or None for 1 each.
        groups: Attribute name to n labels. A missing label (None, NaN, empty text) is its own level `(missing)`.
        protocol: How the rows were made: split, masking, task, positive class, first attempts only ... Evaluations
            whose protocols differ in any entry are never ranked against each other.

    Raises:
        InvalidTable: Lengths differ, there is nothing to evaluate, a key repeats, or a number is not finite.
    """

    label: str
    row: Labels
    student: Labels
    truth: Labels
    score: Labels | None = None
    prediction: Labels | None = None
    threshold: float | None = None
    weight: Labels | None = None
    groups: Mapping[str, Labels] = msgspec.field(default_factory=dict[str, Labels])
    protocol: Mapping[str, str | int | float | bool] = msgspec.field(
        default_factory=dict[str, str | int | float | bool]
    )

    def __post_init__(self) -> None:
        _check_lengths(self)
        _check_keys(self)
        _check_numbers(self)

    @property
    def task(self) -> Task:
        """The protocol's `task`; undeclared, `binary` when every truth is 0 or 1, else `numeric`.

        Raises:
            InvalidTable: The protocol declares a task that this release cannot evaluate.
        """
        declared = self.protocol.get("task")
        if declared is None:
            return "binary" if _is_binary(self.truth) else "numeric"
        task = _TASKS.get(str(declared))
        if task is None:
            raise InvalidTable(f"{self.label}: unknown task {declared!r}", hint=f"one of {', '.join(_TASKS)}")
        if task == "binary" and not _is_binary(self.truth):
            raise InvalidTable(
                f"{self.label}: truth of a binary task holds {_first_not_binary(self.truth)!r}",
                hint="use 1 for the flagged outcome and 0 for the other, or declare task='regression'",
            )
        return task


def _check_lengths(data: EvaluationData) -> None:
    n = len(data.row)
    if n == 0:
        raise InvalidTable(f"{data.label}: the evaluation has no rows", hint="log at least one prediction")
    columns = {"student": data.student, "truth": data.truth, "score": data.score, "prediction": data.prediction}
    columns |= {"weight": data.weight} | {f"group {name!r}": labels for name, labels in data.groups.items()}
    for name, column in columns.items():
        if column is not None and len(column) != n:
            raise InvalidTable(f"{data.label}: {name} has {len(column)} values for {n} rows", hint="one value per row")
    if data.score is None and data.prediction is None:
        raise InvalidTable(f"{data.label}: neither score nor prediction is given", hint="give at least one of them")


def _check_keys(data: EvaluationData) -> None:
    if np.asarray(data.student).dtype.kind == "f":
        raise InvalidTable(
            f"{data.label}: student ids are floating-point numbers ({data.student[0]!r} ...)",
            hint="read the id column as text or integers: floats merge different students",
        )
    values, counts = np.unique(keys(data.row), return_counts=True)
    if len(values) < len(data.row):
        repeated = int((counts > 1).sum())
        raise InvalidTable(
            f"{data.label}: {repeated} row keys occur more than once, for example {values[counts > 1][0]!s}",
            hint="`row` pairs versions with each other: make it unique, for example student and item",
        )


def _check_numbers(data: EvaluationData) -> None:
    for name in ("truth", "score", "prediction", "weight"):
        column: Labels | None = getattr(data, name)
        if column is not None:
            _check_finite(data, name, column)
    if data.weight is not None and (floats(data.weight) < 0).any():
        raise InvalidTable(f"{data.label}: a weight is negative ({floats(data.weight).min()})", hint="weights are >= 0")


def _check_finite(data: EvaluationData, name: str, column: Labels) -> None:
    try:
        values: Floats = floats(column)
    except (TypeError, ValueError) as error:
        raise InvalidTable(f"{data.label}: {name} is not numeric: {error}", hint="give numbers") from None
    bad = ~np.isfinite(values)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InvalidTable(
            f"{data.label}: {int(bad.sum())} of {len(values)} values of {name} are not finite "
            f"(first at row {data.row[first]!s}: {values[first]})",
            hint="drop or repair these rows, and look which groups they belong to: missing scores are rarely random",
        )


def _is_binary(truth: Labels) -> bool:
    values = floats(truth)
    return bool(np.isin(values, (0.0, 1.0)).all())


def _first_not_binary(truth: Labels) -> float:
    values = floats(truth)
    return float(values[~np.isin(values, (0.0, 1.0))][0])
