"""Gaps: over groups that are large enough, with an interval that accounts for having picked the extremes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.compare import ComparisonPlan, StatisticalMinimum, compare
from rollbook.compare.gaps import max_t

PLAN = ComparisonPlan(metrics=("fpr", "recall", "selection_rate"), by=(("gender",), ("band",)), n_boot=500)


def gap_of(report, metric, attribute):
    return next(gap for gap in report.gaps if (gap.metric, gap.group_attr) == (metric, attribute))


def test_a_gap_is_largest_minus_smallest_with_the_worst_group_named(make) -> None:
    report = compare([make(600)], PLAN)
    for metric, worst in (("fpr", max), ("recall", min)):
        rows = {row.group_value: row.value for row in report.rows if (row.metric, row.group_attr) == (metric, "band")}
        gap = gap_of(report, metric, "band")
        assert gap.value == pytest.approx(max(rows.values()) - min(rows.values()), abs=1e-12)
        assert gap.worst == worst(rows, key=lambda name: rows[name])
        assert gap.worst_value == rows[gap.worst]
        assert gap.low <= gap.value <= gap.high
        assert gap.groups == ("high", "low", "mid")
        assert gap.n_students == 600


def test_a_metric_without_better_direction_has_no_worst_group(make) -> None:
    gap = gap_of(compare([make(600)], PLAN), "selection_rate", "gender")
    assert (gap.worst, gap.worst_value) == (None, None)
    assert gap.lowest != gap.highest


def test_a_real_gap_is_found_and_none_is_not(make) -> None:
    report = compare([make(2000, seed=4)], PLAN)
    assert gap_of(report, "recall", "gender").low == 0
    base = make(2000, seed=4)
    harsher = np.where(base.groups["gender"] == "F", np.clip(base.score + 0.25, 0, 1), base.score)
    unfair = gap_of(compare([make(2000, seed=4, score=harsher)], PLAN), "fpr", "gender")
    assert unfair.low > 0.1
    assert unfair.p < 0.01
    assert unfair.worst == "F"


def test_small_groups_are_left_out_and_said_to_be(make) -> None:
    labels = np.repeat(["A", "B", "tiny"], [140, 140, 20])
    report = compare([make(300, groups={"g": labels})], ComparisonPlan(metrics=("accuracy",), by=(("g",),), n_boot=200))
    gap = report.gaps[0]
    assert (gap.groups, gap.left_out) == (("A", "B"), ("tiny",))
    assert report.row("noise-1.0:v1", "accuracy", "g", "tiny").note == (
        "below minimum for statistics (20 of 30 students)"
    )
    assert report.row("noise-1.0:v1", "accuracy", "g", "tiny").value is not None
    assert "accuracy: 1 of 3 groups are too small for statistics and take no part in gaps" in report.warnings


def test_an_auc_needs_enough_of_each_class(make) -> None:
    truth = np.zeros(300)
    truth[::100] = 1
    report = compare([make(300, truth=truth)], ComparisonPlan(metrics=("auc",), by=(("gender",),), n_boot=100))
    assert report.rows[0].note == "below minimum for statistics (3 of 10 students in the smaller class)"


def test_one_eligible_group_has_no_gap(make) -> None:
    report = compare([make(300)], ComparisonPlan(metrics=("ece",), by=(("gender",),), n_boot=100))
    gap = report.gaps[0]
    assert (gap.value, gap.reason, gap.groups) == (None, "below_min_n", ())
    everyone = ComparisonPlan(metrics=("accuracy",), by=(("one",),), n_boot=100)
    assert compare([make(300, groups={"one": np.full(300, "x")})], everyone).gaps[0].value is None


def test_a_rate_of_zero_in_one_group_does_not_make_the_gap_certain(make) -> None:
    labels = np.repeat(["A", "B"], 60)
    truth, score = np.zeros(120), np.zeros(120)
    score[60:64] = 1
    data = make(120, truth=truth, score=score, groups={"g": labels}, protocol={"task": "binary"})
    gap = compare([data], ComparisonPlan(metrics=("fpr",), by=(("g",),), n_boot=500)).gaps[0]
    assert gap.value == pytest.approx(4 / 60)
    assert gap.low == 0


@given(st.integers(2, 6), st.integers(0, 10_000))
def test_bounds_hold_the_gap_and_order_does_not_matter(groups, seed) -> None:
    random = np.random.default_rng(seed)
    values = random.uniform(0, 1, groups)
    replicates = values[:, None] + random.normal(size=(groups, 200)) * random.uniform(0.01, 0.2, (groups, 1))
    found = max_t(values, replicates, np.zeros(groups), 0.95)
    assert 0 <= found.low <= np.ptp(values) <= found.high
    order = random.permutation(groups)
    again = max_t(values[order], replicates[order], np.zeros(groups), 0.95)
    assert again == pytest.approx(found, abs=1e-9)


def test_without_any_difference_a_gap_is_claimed_in_about_one_of_twenty_comparisons() -> None:
    random = np.random.default_rng(2)
    claimed = 0
    for _ in range(400):
        errors = np.array([0.05, 0.1, 0.02, 0.07])
        values = 0.3 + errors * random.normal(size=4)
        replicates = values[:, None] + errors[:, None] * random.normal(size=(4, 400))
        claimed += max_t(values, replicates, np.zeros(4), 0.95).low > 0
    assert 8 <= claimed <= 34


def test_groups_that_are_one_group_have_no_gap() -> None:
    values = np.array([0.4, 0.4])
    same = np.tile(0.4 + np.random.default_rng(0).normal(size=200), (2, 1))
    assert max_t(values, same, np.zeros(2), 0.95) == (0.0, 0.0, 1.0)


def test_minimum_sizes_can_be_chosen(make) -> None:
    plan = ComparisonPlan(
        metrics=("accuracy",), by=(("gender",),), n_boot=100, min_n_stat=StatisticalMinimum(rate=1000)
    )
    assert compare([make(300)], plan).gaps[0].left_out == ("F", "M")
