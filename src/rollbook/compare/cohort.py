"""Puts evaluations side by side: same rows, same order, students and groups coded once for every version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rollbook.compare.arrays import Bools, Floats, Ints, Labels, codes, floats, keys
from rollbook.compare.attributes import Attribute, attribute, labels
from rollbook.compare.data import EvaluationData, Task
from rollbook.compare.pairing import paired_positions
from rollbook.compare.plan import ComparisonPlan
from rollbook.model.errors import InvalidInput, InvalidTable, UnlikeProtocols

_ABSENT = "(absent)"


class Predictions(NamedTuple):
    """What one version says about the rows of a cohort; None where it does not say it."""

    label: str
    score: Floats | None
    decision: Floats | None
    value: Floats | None


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
    positions, dropped = paired_positions(evaluations, plan)
    first, order = evaluations[0], positions[0]
    groups = {name: labels(first, name)[order] for name in _attributes_named(plan)}
    for other, other_order in zip(evaluations[1:], positions[1:], strict=True):
        _check_same_facts(first, order, other, other_order, groups)
    students, student = codes(keys(first.student)[order])
    truth = floats(first.truth)[order]
    return Cohort(
        task=first.task,
        student=student,
        n_students=len(students),
        truth=truth,
        weight=np.ones(len(truth)) if first.weight is None else floats(first.weight)[order],
        weighted=first.weight is not None,
        attributes={name: attribute(ordered) for name, ordered in groups.items()},
        models=tuple(_predictions(e, order) for e, order in zip(evaluations, positions, strict=True)),
        dropped=dropped,
    )


def _check_labels(evaluations: Sequence[EvaluationData], plan: ComparisonPlan) -> None:
    if not evaluations:
        raise InvalidInput("nothing to compare: no evaluation was given", hint="name at least one version")
    named = [evaluation.label for evaluation in evaluations]
    twice = sorted({label for label in named if named.count(label) > 1})
    if twice:
        raise InvalidInput(f"named twice: {', '.join(twice)}", hint="name each version once")
    if plan.reference is not None and plan.reference not in named:
        raise InvalidInput(f"reference {plan.reference!r} is not compared", hint=f"one of {', '.join(named)}")


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


def _attributes_named(plan: ComparisonPlan) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for grouping in plan.by for name in grouping))


def _check_same_facts(
    a: EvaluationData, a_order: Ints, b: EvaluationData, b_order: Ints, a_groups: Mapping[str, Labels]
) -> None:
    differing = {
        "truth": floats(a.truth)[a_order] != floats(b.truth)[b_order],
        "student": keys(a.student)[a_order] != keys(b.student)[b_order],
        "weight": _weights(a)[a_order] != _weights(b)[b_order],
    }
    for name, ordered in a_groups.items():
        differing[f"group {name!r}"] = ordered != labels(b, name)[b_order]
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
