"""Differences between versions: paired, corrected, with what could have been missed."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from rollbook.compare import ComparisonPlan, compare
from rollbook.compare.significance import holm
from rollbook.model.errors import NotFound

PLAN = ComparisonPlan(metrics=("auc", "f1", "brier", "selection_rate"), n_boot=1000)


@pytest.fixture(scope="module")
def field(make):
    return [make(400, 2, noise=noise, stream=k) for k, noise in enumerate((0.5, 0.55, 1.0, 3.0))]


def pairs(report, metric, role="best"):
    return [pair for pair in report.pairwise if (pair.metric, pair.role) == (metric, role)]


def test_versions_much_worse_are_told_apart_and_near_ones_are_tied(field) -> None:
    tied = compare(field, PLAN).tied_set("auc")
    assert set(tied.members) == {"noise-0.5:v1", "noise-0.55:v1"}
    assert tied.best == tied.members[0]
    assert tied.family == "auc: 3 versions, each against the best"


def test_differences_are_of_the_values_and_intervals_agree_with_p_values(field) -> None:
    report = compare(field, PLAN)
    for pair in report.pairwise:
        expected = report.row(pair.model, pair.metric).value - report.row(pair.versus, pair.metric).value
        assert pair.difference == pytest.approx(expected, abs=1e-12)
        assert pair.low < pair.difference < pair.high
        assert (pair.low > 0 or pair.high < 0) == (pair.p < 0.05)
        assert pair.mdd == pytest.approx(2.8015852 * pair.se, rel=1e-6)
        assert (pair.n, pair.n_students) == (800, 400)


def test_p_values_are_corrected_within_the_family_of_one_metric(field) -> None:
    report = compare(field, PLAN)
    for metric in ("auc", "f1", "brier"):
        family = pairs(report, metric)
        assert [pair.p_adjusted for pair in family] == pytest.approx(holm([pair.p for pair in family]))
        assert [pair.distinguishable for pair in family] == [pair.p_adjusted < 0.05 for pair in family]
    assert pairs(compare(field, msgspec.structs.replace(PLAN, correction="none")), "auc")[1].p_adjusted == (
        pairs(report, "auc")[1].p
    )


def test_the_best_is_the_smallest_where_smaller_is_better_and_none_where_neither_is(field) -> None:
    report = compare(field, PLAN)
    assert report.tied_set("brier").best == min(field, key=lambda e: report.row(e.label, "brier").value).label
    assert pairs(report, "selection_rate") == []
    with pytest.raises(NotFound):
        report.tied_set("selection_rate")


def test_a_reference_is_compared_with_every_other_version(field) -> None:
    report = compare(field, msgspec.structs.replace(PLAN, reference="noise-1.0:v1"))
    against = pairs(report, "selection_rate", "reference")
    assert [pair.model for pair in against] == ["noise-0.5:v1", "noise-0.55:v1", "noise-3.0:v1"]
    assert {pair.versus for pair in against} == {"noise-1.0:v1"}


def test_identical_predictions_differ_by_nothing_with_p_one(make) -> None:
    a = make(100)
    report = compare([a, msgspec.structs.replace(a, label="copy:v1")], PLAN)
    for pair in report.pairwise:
        assert (pair.difference, pair.se, pair.p, pair.p_adjusted, pair.mdd) == (0.0, 0.0, 1.0, 1.0, None)
        assert (pair.distinguishable, pair.reason) == (False, "degenerate")
    assert "noise-1.0:v1 and copy:v1 made identical predictions" in report.warnings
    assert report.tied_set().members == ("noise-1.0:v1", "copy:v1")


def test_what_could_have_been_missed_stands_beside_no_difference(make) -> None:
    report = compare([make(100), make(100, noise=1.05, stream=1)], PLAN)
    pair = pairs(report, "auc")[0]
    assert pair.distinguishable is False
    assert pair.note == f"no difference found; one smaller than {pair.mdd:.2g} would usually be missed"


def test_a_version_without_a_value_is_listed_and_not_ranked(make) -> None:
    a = make(200)
    silent = msgspec.structs.replace(a, label="silent:v1", prediction=np.zeros(200))
    report = compare([a, silent], ComparisonPlan(metrics=("precision",), n_boot=100))
    tied = report.tied_set()
    assert (tied.best, tied.members, tied.undefined) == ("noise-1.0:v1", ("noise-1.0:v1",), ("silent:v1",))
    (pair,) = report.pairwise
    assert (pair.difference, pair.p, pair.distinguishable) == (None, None, None)
    assert pair.reason == "zero_denominator"
    alone = compare([silent], ComparisonPlan(metrics=("precision",), n_boot=100))
    assert (alone.tied_set().best, alone.tied_set().members) == (None, ())


def test_few_students_are_compared_by_bootstrap(make) -> None:
    report = compare([make(20, 4), make(20, 4, noise=2.0)], ComparisonPlan(metrics=("auc",), n_boot=500))
    assert pairs(report, "auc")[0].method == "cluster-bootstrap-paired"


def test_pairing_by_student_finds_what_rows_alone_would_overstate(make) -> None:
    """The same rows told apart by made-up students look more certain than they are."""
    a, b = make(80, 25), make(80, 25, noise=1.1, stream=1)
    honest = pairs(compare([a, b], PLAN), "f1")[0]
    alone = np.arange(2000)
    naive = pairs(compare([msgspec.structs.replace(e, student=alone) for e in (a, b)], PLAN), "f1")[0]
    assert naive.difference == pytest.approx(honest.difference)
    assert naive.se != pytest.approx(honest.se, rel=0.02)


def test_of_equally_good_versions_the_truly_best_stays_in_the_tied_set(make) -> None:
    """All versions are equally good, so each is a true best: each must be in the set in at least 95 % of worlds."""
    dropped = np.zeros(4)
    worlds = 120
    for world in range(worlds):
        random = np.random.default_rng(world)
        own = random.normal(size=150)
        truth = (own + random.normal(size=150) > 0.3).astype(float)
        evaluations = [
            make(150, label=f"m{k}:v1", truth=truth, score=1 / (1 + np.exp(-own - random.normal(size=150))))
            for k in range(4)
        ]
        members = compare(evaluations, ComparisonPlan(metrics=("auc",), n_boot=100)).tied_set().members
        dropped += [f"m{k}:v1" not in members for k in range(4)]
    assert dropped.max() / worlds <= 0.08
