"""Puts evaluations side by side: same rows, same order, students and groups coded once for every version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from rollbook.compare.arrays import Bools, Floats, Ints, Labels, codes, floats, keys
from rollbook.compare.data import EvaluationData, Task
from rollbook.compare.plan import ComparisonPlan
from rollbook.model.errors import InvalidInput, InvalidTable, UnlikeProtocols

MISSING = "(missing)"
"""The level of a group attribute that stands for "not recorded"."""

_ABSENT = "(absent)"


class Predictions(NamedTuple):
    """What one version says about the rows of a cohort; None where it does not say it."""

    label: str
    score: Floats | None
    decision: Floats | None
    value: Floats | None


class Attribute(NamedTuple):
    """A group attribute: level names in sorted order, and a code per row."""

    levels: tuple[str, ...]
    code: Ints


class Cohort(NamedTuple):
    """Rows in the order of their keys, so that no result depends on the order in which rows arrived.

    `student` holds codes 0..n_students-1; `weight` is 1 everywhere unless `weighted`; `dropped` counts the rows that
    not every version has (always 0 unless the plan asks for the intersection).
    """

    task: Task
    student: Ints
    n_students: int
    truth: Floats
    weight: Floats
    weighted: bool
    attributes: Mapping[str, Attribute]
    models: tuple[Predictions, ...]
    dropped: int


def align(evaluations: Sequence[EvaluationData], plan: ComparisonPlan) -> Cohort:
    """Pair the rows of all evaluations by key and check that they are about the same thing.

    Raises:
        InvalidInput: No evaluation, a label twice, an unknown reference label or attribute.
        UnlikeProtocols: The evaluations were made under different protocols, or on different rows while the plan does
            not ask for the intersection.
        InvalidTable: Truth, student, weight or group of one row differs between evaluations.
    """
    _check_labels(evaluations, plan)
    _check_protocols(evaluations)
    positions, dropped = _paired_positions(evaluations, plan)
    first, order = evaluations[0], positions[0]
    attributes = _attributes_named(plan)
    for other, other_order in zip(evaluations[1:], positions[1:], strict=True):
        _check_same_facts(first, order, other, other_order, attributes)
    levels, student = codes(keys(first.student)[order])
    truth = floats(first.truth)[order]
    return Cohort(
        task=first.task,
        student=student,
        n_students=len(levels),
        truth=truth,
        weight=np.ones(len(truth)) if first.weight is None else floats(first.weight)[order],
        weighted=first.weight is not None,
        attributes={name: _attribute(first, name, order) for name in attributes},
        models=tuple(_predictions(e, order) for e, order in zip(evaluations, positions, strict=True)),
        dropped=dropped,
    )


def _check_labels(evaluations: Sequence[EvaluationData], plan: ComparisonPlan) -> None:
    if not evaluations:
        raise InvalidInput("nothing to compare: no evaluation was given", hint="name at least one version")
    labels = [evaluation.label for evaluation in evaluations]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise InvalidInput(f"named twice: {', '.join(twice)}", hint="name each version once")
    if plan.reference is not None and plan.reference not in labels:
        raise InvalidInput(f"reference {plan.reference!r} is not compared", hint=f"one of {', '.join(labels)}")


def _check_protocols(evaluations: Sequence[EvaluationData]) -> None:
    tasks: dict[str, Any] = {evaluation.label: evaluation.task for evaluation in evaluations}
    differing = _differing("task", tasks)
    for key in sorted({key for evaluation in evaluations for key in evaluation.protocol}):
        values = {evaluation.label: evaluation.protocol.get(key, _ABSENT) for evaluation in evaluations}
        differing += _differing(key, values)
    if differing:
        raise UnlikeProtocols(
            f"the evaluations were made under different protocols: {'; '.join(dict.fromkeys(differing))}",
            hint="evaluate the versions under one protocol; numbers from different protocols do not rank versions",
        )


def _differing(key: str, values: Mapping[str, Any]) -> list[str]:
    if len({repr(value) for value in values.values()}) == 1:
        return []
    return [f"{key} is " + ", ".join(f"{value!r} in {label}" for label, value in values.items())]


def _paired_positions(evaluations: Sequence[EvaluationData], plan: ComparisonPlan) -> tuple[list[Ints], int]:
    rows = [keys(evaluation.row) for evaluation in evaluations]
    if len({row.dtype.kind for row in rows}) > 1:
        raise InvalidTable(
            f"row keys are numbers in some evaluations and text in others: {_first_keys(evaluations)}",
            hint="write the `row` column with one type",
        )
    shared = reduce(np.intersect1d, rows)
    union = len(reduce(np.union1d, rows))
    if len(shared) == 0 or (len(shared) < union and plan.rows == "identical"):
        raise UnlikeProtocols(_unpaired_message(evaluations, rows, shared), hint=_unpaired_hint(len(shared)))
    return [_positions(row, shared) for row in rows], union - len(shared)


def _positions(row: Labels, shared: Labels) -> Ints:
    order = np.argsort(row, kind="stable")
    return np.asarray(order[np.searchsorted(row[order], shared)], dtype=np.int64)


def _first_keys(evaluations: Sequence[EvaluationData]) -> str:
    return ", ".join(f"{evaluation.row[0]!r} in {evaluation.label}" for evaluation in evaluations)


def _unpaired_message(evaluations: Sequence[EvaluationData], rows: Sequence[Labels], shared: Labels) -> str:
    parts = [
        f"{evaluation.label} has {len(row)} rows, {len(row) - len(shared)} of them not in every version"
        for evaluation, row in zip(evaluations, rows, strict=True)
    ]
    return f"the versions were evaluated on different rows ({len(shared)} shared): {'; '.join(parts)}"


def _unpaired_hint(shared: int) -> str:
    if shared == 0:
        return "no row is shared: check that `row` is made the same way for each version"
    return "evaluate all versions on the same rows, or ask for rows='intersection'"


def _attributes_named(plan: ComparisonPlan) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for grouping in plan.by for name in grouping))


def _check_same_facts(
    a: EvaluationData, a_order: Ints, b: EvaluationData, b_order: Ints, attributes: tuple[str, ...]
) -> None:
    differing = {
        "truth": floats(a.truth)[a_order] != floats(b.truth)[b_order],
        "student": keys(a.student)[a_order] != keys(b.student)[b_order],
        "weight": _weights(a)[a_order] != _weights(b)[b_order],
    }
    for name in attributes:
        differing[f"group {name!r}"] = _labels(a, name)[a_order] != _labels(b, name)[b_order]
    for what, unequal in differing.items():
        _refuse_if_any(what, np.asarray(unequal, dtype=np.bool_), a, b, a_order)


def _refuse_if_any(what: str, unequal: Bools, a: EvaluationData, b: EvaluationData, a_order: Ints) -> None:
    if unequal.any():
        row = a.row[a_order[int(np.flatnonzero(unequal)[0])]]
        raise InvalidTable(
            f"{what} differs between {a.label} and {b.label} in {int(unequal.sum())} rows, the first is row {row!s}",
            hint="the versions must be evaluated on one dataset version and one roster",
        )


def _weights(evaluation: EvaluationData) -> Floats:
    return np.ones(len(evaluation.row)) if evaluation.weight is None else floats(evaluation.weight)


def _labels(evaluation: EvaluationData, name: str) -> Labels:
    if name not in evaluation.groups:
        known = ", ".join(sorted(evaluation.groups)) or "none"
        raise InvalidInput(f"{evaluation.label} has no attribute {name!r}", hint=f"it has: {known}")
    column = np.asarray(evaluation.groups[name])
    if column.dtype.kind in "iub":
        return column.astype(np.str_)
    # Few distinct labels on many rows: name each once.
    names: dict[object, str] = {}
    return np.array([names.get(v) or names.setdefault(v, _label(v)) for v in column.tolist()], dtype=np.str_)


def _label(value: object) -> str:
    # NaN, NaT and pandas' NA are the values that do not equal themselves, or refuse to say.
    if value is None or value == "" or str(value) in ("nan", "NaT", "<NA>"):
        return MISSING
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _attribute(evaluation: EvaluationData, name: str, order: Ints) -> Attribute:
    levels, code = codes(_labels(evaluation, name)[order])
    return Attribute(tuple(str(level) for level in levels), code)


def _predictions(evaluation: EvaluationData, order: Ints) -> Predictions:
    score = None if evaluation.score is None else floats(evaluation.score)[order]
    given = None if evaluation.prediction is None else floats(evaluation.prediction)[order]
    if evaluation.task == "numeric":
        return Predictions(evaluation.label, None, None, score if given is None else given)
    if given is None and score is not None and evaluation.threshold is not None:
        given = (score >= evaluation.threshold).astype(np.float64)
    if given is not None and not np.isin(given, (0.0, 1.0)).all():
        raise InvalidTable(f"{evaluation.label}: a binary prediction is neither 0 nor 1", hint="scores go into `score`")
    return Predictions(evaluation.label, score, given, None)
