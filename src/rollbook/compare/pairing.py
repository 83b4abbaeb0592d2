"""Pairs the rows of different versions by key, or says how their rows differ."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from rollbook.compare.arrays import Ints, Labels, keys
from rollbook.compare.data import EvaluationData
from rollbook.compare.plan import ComparisonPlan
from rollbook.model.errors import InvalidTable, UnlikeProtocols


def paired_positions(evaluations: Sequence[EvaluationData], plan: ComparisonPlan) -> tuple[list[Ints], int]:
    """For each evaluation the positions of the shared rows in the order of their keys, and how many were dropped.

    Raises:
        InvalidTable: Keys are numbers in some evaluations and text in others.
        UnlikeProtocols: The rows differ and the plan does not ask for the intersection, or none is shared.
    """
    rows = [keys(evaluation.row) for evaluation in evaluations]
    if all(np.array_equal(row, rows[0]) for row in rows[1:]):
        return [np.asarray(np.argsort(rows[0], kind="stable"), dtype=np.int64)] * len(rows), 0
    if len({row.dtype.kind for row in rows}) > 1:
        raise InvalidTable(
            f"row keys are numbers in some evaluations and text in others: {_first_keys(evaluations)}",
            hint="write the `row` column with one type",
        )
    shared = reduce(np.intersect1d, rows)
    union = len(reduce(np.union1d, rows))
    if len(shared) == 0 or (len(shared) < union and plan.rows == "identical"):
        raise UnlikeProtocols(_message(evaluations, rows, shared), hint=_hint(len(shared)))
    return [_positions(row, shared) for row in rows], union - len(shared)


def _positions(row: Labels, shared: Labels) -> Ints:
    order = np.argsort(row, kind="stable")
    return np.asarray(order[np.searchsorted(row[order], shared)], dtype=np.int64)


def _first_keys(evaluations: Sequence[EvaluationData]) -> str:
    return ", ".join(f"{evaluation.row[0]!r} in {evaluation.label}" for evaluation in evaluations)


def _message(evaluations: Sequence[EvaluationData], rows: Sequence[Labels], shared: Labels) -> str:
    parts = [
        f"{evaluation.label} has {len(row)} rows, {len(row) - len(shared)} of them not in every version"
        for evaluation, row in zip(evaluations, rows, strict=True)
    ]
    return f"the versions were evaluated on different rows ({len(shared)} shared): {'; '.join(parts)}"


def _hint(shared: int) -> str:
    if shared == 0:
        return "no row is shared: check that `row` is made the same way for each version"
    return "evaluate all versions on the same rows, or ask for rows='intersection'"
