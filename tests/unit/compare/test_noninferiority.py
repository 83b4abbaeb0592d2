"""Not worse by more than a margin, read off intervals."""

from __future__ import annotations

from typing import Any

import pytest

from rollbook.compare.noninferiority import not_worse
from rollbook.compare.report import Pairwise
from rollbook.model.errors import InvalidInput


def pair(metric: str, low: float | None, high: float | None, role: Any = "reference") -> Pairwise:
    return Pairwise(
        model="new",
        versus="old",
        role=role,
        metric=metric,
        difference=None if low is None or high is None else (low + high) / 2,
        low=low,
        high=high,
        se=None,
        p=None,
        p_adjusted=None,
        distinguishable=None,
        mdd=None,
        n=None,
        n_students=None,
        method="",
        reason="",
        note="",
    )


@pytest.mark.parametrize(
    ("metric", "low", "high", "worst", "holds"),
    [
        ("auc", -0.01, 0.05, 0.01, True),
        ("auc", -0.02, 0.05, 0.02, False),
        ("auc", 0.01, 0.05, -0.01, True),
        ("auc", None, None, None, None),
        ("fnr", -0.5, 0.019, 0.019, True),
        ("fnr", -0.01, 0.03, 0.03, False),
    ],
)
def test_the_unfavourable_end_decides(
    metric: str, low: float | None, high: float | None, worst: float | None, *, holds: bool | None
) -> None:
    (found,) = not_worse([pair(metric, low, high)], {metric: 0.02})
    assert (found.worst, found.holds, found.margin) == (worst, holds, 0.02)


def test_only_pairs_with_the_reference_and_metrics_with_a_margin_count() -> None:
    pairs = [pair("auc", 0, 1, role="best"), pair("fnr", 0, 1), pair("auc", 0, 1)]
    assert [found.metric for found in not_worse(pairs, {"auc": 0.1})] == ["auc"]
    assert not_worse(pairs, {}) == ()


def test_a_metric_without_a_better_direction_has_no_loss() -> None:
    with pytest.raises(InvalidInput, match="selection_rate"):
        not_worse([pair("selection_rate", 0, 1)], {"selection_rate": 0.1})
