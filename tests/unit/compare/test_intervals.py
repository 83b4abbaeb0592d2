"""Intervals: named methods, the edge cases, agreement with scipy's BCa, and coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rollbook.compare import ComparisonPlan, compare
from rollbook.compare.bootstrap import Draws, standard_deviation
from rollbook.compare.distributions import clopper_pearson, wilson
from rollbook.compare.ranking import auc


def rows(data, *metrics, **options):
    report = compare([data], ComparisonPlan(metrics=metrics, **options))
    return {row.metric: row for row in report.rows if not row.group_attr}


def test_the_method_follows_the_data(make) -> None:
    large = rows(make(300, 3), "auc", "fpr")
    assert (large["auc"].method, large["fpr"].method) == ("obuchowski-logit", "cluster-bootstrap-percentile")
    single = rows(make(300), "auc")
    assert single["auc"].method == "delong-logit"
    small = rows(make(100), "auc", "fpr")
    assert (small["auc"].method, small["fpr"].method) == ("delong-logit", "cluster-bootstrap-bca")
    few = rows(make(20, 5), "auc")
    assert few["auc"].method == "cluster-bootstrap-bca"


def test_few_students_are_said_to_be_few(make) -> None:
    report = compare([make(20, 5)], ComparisonPlan(metrics=("auc",), n_boot=200))
    assert "fewer than 30 students" in report.warnings[0]


def test_counts_are_those_of_the_denominator(make) -> None:
    data = make(100, 2)
    found = rows(data, "fpr", "recall", "accuracy", n_boot=100)
    negative = data.truth == 0
    assert (found["fpr"].n, found["fpr"].n_students) == (negative.sum(), len(np.unique(data.student[negative])))
    assert found["recall"].n == 200 - negative.sum()
    assert (found["accuracy"].n, found["accuracy"].n_students) == (200, 100)
    assert {row.n_pos for row in found.values()} == {200 - negative.sum()}


def test_a_perfect_auc_gets_a_bound_and_no_standard_error(make) -> None:
    truth = np.repeat([0.0, 1.0], [30, 20])
    row = rows(make(50, truth=truth, score=np.linspace(0, 1, 50)), "auc", n_boot=100)["auc"]
    assert (row.value, row.method, row.reason, row.se) == (1.0, "rule-of-three", "degenerate", None)
    assert (row.low, row.high) == (pytest.approx(0.025 ** (1 / 20)), 1.0)


def test_a_rate_of_zero_gets_the_exact_interval(make) -> None:
    row = rows(make(50, truth=np.zeros(50), threshold=2.0, protocol={"task": "binary"}), "fpr", n_boot=100)["fpr"]
    assert (row.value, row.low, row.method) == (0.0, 0.0, "clopper-pearson-students")
    assert row.high == pytest.approx(1 - 0.025 ** (1 / 50))


def test_one_student_gives_a_value_without_interval(make) -> None:
    row = rows(make(1, 6, truth=np.array([0.0, 1, 0, 1, 0, 1])), "accuracy", n_boot=100)["accuracy"]
    assert row.value is not None
    assert (row.low, row.high, row.se, row.reason) == (None, None, None, "too_few_clusters")


def test_a_single_student_with_positives_gives_no_auc_interval(make) -> None:
    truth = np.zeros(60)
    truth[:1] = 1
    row = rows(make(60, truth=truth), "auc", n_boot=100)["auc"]
    assert (row.status, row.low, row.reason) == ("ok", None, "too_few_clusters")


def test_exact_and_score_intervals_are_those_of_scipy() -> None:
    for events, trials in ((0, 12), (3, 12), (12, 12)):
        exact = stats.binomtest(events, trials).proportion_ci(0.9, method="exact")
        assert clopper_pearson(events, trials, 0.9) == pytest.approx((exact.low, exact.high), abs=1e-9)
        score = stats.binomtest(events, trials).proportion_ci(0.9, method="wilson")
        low, high = wilson(np.array([events / trials]), np.array([float(trials)]), 0.9)
        assert (low[0], high[0]) == pytest.approx((score.low, score.high), abs=1e-9)


def test_bca_is_near_that_of_scipy(make) -> None:
    data = make(80)
    row = rows(data, "brier", n_boot=20_000)["brier"]
    loss = (data.score - data.truth) ** 2
    expected = stats.bootstrap((loss,), np.mean, n_resamples=20_000, rng=np.random.default_rng(5)).confidence_interval
    assert row.method == "cluster-bootstrap-bca"
    assert (row.low, row.high) == pytest.approx((expected.low, expected.high), abs=0.003)


def test_the_student_bootstrap_error_of_a_mean_is_the_clustered_one(make) -> None:
    data = make(400, 4, seed=3)
    row = rows(data, "accuracy", n_boot=4000)["accuracy"]
    right = ((data.score >= 0.5) == (data.truth == 1)).reshape(400, 4).mean(axis=1)
    assert row.se == pytest.approx(right.std(ddof=1) / 20, rel=0.05)


def test_first_order_replicates_of_an_auc_spread_like_its_analytic_error(make) -> None:
    report = compare([make(400, 2)], ComparisonPlan(metrics=("auc",), by=(("gender",),), n_boot=4000))
    gap, groups = report.gaps[0], [row for row in report.rows if row.group_attr]
    analytic = np.hypot(*(row.se for row in groups))
    assert (gap.high - gap.value) / 1.96 == pytest.approx(analytic, rel=0.08)


def test_draws_are_multinomial_and_repeat_for_a_seed() -> None:
    first = np.concatenate([counts for _, counts in Draws(50, 400, 7).chunks()])
    again = np.concatenate([counts for _, counts in Draws(50, 400, 7).chunks()])
    assert (first == again).all()
    assert (first.sum(axis=1) == 50).all()
    assert first.mean(axis=0) == pytest.approx(np.ones(50), abs=0.25)
    assert first.astype(float).var() == pytest.approx(1 - 1 / 50, abs=0.05)
    assert not (first == np.concatenate([counts for _, counts in Draws(50, 400, 8).chunks()])).all()


def test_chunks_cover_all_replicates_whatever_their_size(monkeypatch) -> None:
    whole = np.concatenate([counts for _, counts in Draws(30, 100, 1).chunks()])
    monkeypatch.setattr("rollbook.compare.bootstrap.CHUNK", 210)
    parts = list(Draws(30, 100, 1).chunks())
    assert [part.stop for part, _ in parts][-1] == 100
    assert len(parts) > 10
    assert (np.concatenate([counts for _, counts in parts]) == whole).all()


def test_drawing_sets_of_students_gives_the_errors_of_drawing_students(make, monkeypatch) -> None:
    data = make(3000, 2)
    alone = rows(data, "fpr", "f1", n_boot=2000)
    monkeypatch.setattr("rollbook.compare.bootstrap.UNITS", 600)
    together = rows(data, "fpr", "f1", "average_precision", n_boot=2000)
    for name in ("fpr", "f1"):
        assert together[name].value == alone[name].value
        assert together[name].se == pytest.approx(alone[name].se, rel=0.12)
    units = Draws(3000, 100, 0).units()
    assert np.bincount(units).tolist() == [5] * 600
    assert (units == Draws(3000, 100, 0).units()).all()


def test_drawing_sets_is_said(make, monkeypatch) -> None:
    monkeypatch.setattr("rollbook.compare.caveats.UNITS", 250)
    report = compare([make(300)], ComparisonPlan(metrics=("fpr",), n_boot=100))
    assert "bootstrap intervals draw 250 random sets of the 300 students" in report.warnings


def test_a_spread_needs_two_defined_replicates() -> None:
    assert np.isnan(standard_deviation(np.array([np.nan, 0.5, np.nan])))
    assert standard_deviation(np.array([0.1, 0.1 + 1e-16, np.nan])) == 0


def test_what_needs_every_row_of_a_draw_is_computed_in_blocks(make, monkeypatch) -> None:
    data = make(60, 5)
    whole = rows(data, "average_precision", n_boot=200)
    monkeypatch.setattr("rollbook.compare.statistic.BLOCK", 1000)
    assert rows(data, "average_precision", n_boot=200) == whole


def clustered_world(random: np.random.Generator, students: int, per_student: int):
    """Scores, truth and decisions whose rows hang together within students. The truth about it is simulated too."""
    own = np.repeat(random.normal(size=students), per_student)
    shared = np.repeat(random.normal(size=students), per_student)
    truth = (own + 0.7 * random.normal(size=len(own)) > 0.4).astype(float)
    score = own + shared + 0.7 * random.normal(size=len(own))
    return truth, 1 / (1 + np.exp(-score + 0.4)), np.repeat(np.arange(students), per_student)


@pytest.mark.parametrize(("students", "per_student"), [(60, 5), (250, 4)])
def test_intervals_of_clustered_data_cover_the_truth(make, students, per_student) -> None:
    random = np.random.default_rng(11)
    truth, score, _ = clustered_world(random, 60_000, 3)
    population = {
        "auc": auc(truth, score),
        "fpr": float((score[truth == 0] >= 0.5).mean()),
        "brier": float(((score - truth) ** 2).mean()),
    }
    covered = dict.fromkeys(population, 0)
    repeats = 150
    for _ in range(repeats):
        truth, score, student = clustered_world(random, students, per_student)
        data = make(students, per_student, truth=truth, score=score, student=student)
        for name, row in rows(data, *population, n_boot=400).items():
            covered[name] += row.low <= population[name] <= row.high
    # 95 % of 150 is 142.5 with standard deviation 2.7; intervals that ignore students cover about two thirds.
    for name, count in covered.items():
        assert count / repeats >= 0.90, (name, count)
        assert count / repeats <= 0.99, (name, count)
