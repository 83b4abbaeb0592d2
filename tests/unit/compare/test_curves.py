"""Curves and the area between two of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_curve, roc_curve

from rollbook.compare.abroca import abroca, area_between
from rollbook.compare.curves import precision_recall_points, roc_points
from rollbook.compare.ranking import auc
from rollbook.model.errors import InvalidTable


def sample(seed: int, n: int = 40, levels: int = 12):
    random = np.random.default_rng(seed)
    truth = np.append(random.integers(0, 2, n - 2), [0, 1]).astype(float)
    return truth, random.integers(0, levels, n) / levels


@given(st.integers(0, 100_000))
def test_curves_are_those_of_scikit_learn(seed) -> None:
    truth, score = sample(seed)
    fpr, tpr, threshold = roc_curve(truth, score, drop_intermediate=False)
    curve = roc_points(truth, score)
    assert curve.fpr == pytest.approx(fpr, abs=1e-12)
    assert curve.tpr == pytest.approx(tpr, abs=1e-12)
    assert (curve.threshold == threshold).all()
    precision, recall, at = precision_recall_curve(truth, score)
    ours = precision_recall_points(truth, score)
    assert ours.precision[::-1] == pytest.approx(precision[:-1], abs=1e-12)
    assert ours.recall[::-1] == pytest.approx(recall[:-1], abs=1e-12)
    assert (ours.threshold[::-1] == at).all()


def test_the_area_under_the_curve_is_the_auc() -> None:
    truth, score = sample(1)
    curve = roc_points(truth, score)
    assert np.trapezoid(curve.tpr, curve.fpr) == pytest.approx(auc(truth, score), abs=1e-12)


def test_one_class_has_no_curve() -> None:
    with pytest.raises(InvalidTable, match="one class"):
        roc_points(np.ones(3), np.arange(3.0))
    with pytest.raises(InvalidTable, match="no row is positive"):
        precision_recall_points(np.zeros(3), np.arange(3.0))


def on_grid(a, b, points: int = 20_001) -> float:
    x = np.linspace(0, 1, points)
    return float(np.trapezoid(np.abs(np.interp(x, a.fpr, a.tpr) - np.interp(x, b.fpr, b.tpr)), x))


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_the_area_is_exact_symmetric_and_at_least_the_auc_gap(seed) -> None:
    first, second = sample(2 * seed), sample(2 * seed + 1)
    a, b = roc_points(*first), roc_points(*second)
    area = area_between(a, b)
    assert area == pytest.approx(on_grid(a, b), abs=2e-4)
    assert area == pytest.approx(area_between(b, a), abs=1e-12)
    assert area >= abs(auc(*first) - auc(*second)) - 1e-12
    assert area_between(a, a) == 0


def test_groups_that_differ_are_found_and_equal_ones_are_not() -> None:
    random = np.random.default_rng(0)
    truth, inside = random.integers(0, 2, 600).astype(float), np.arange(600) % 3 == 0
    fair = truth + random.normal(size=600)
    unfair = np.where(inside, random.normal(size=600), fair)
    found = abroca(truth, unfair, inside, np.arange(600), permutations=199)
    assert (found.p, found.n, found.n_students, found.permutations) == (1 / 200, 600, 600, 199)
    same = abroca(truth, fair, inside, np.arange(600), permutations=199)
    assert same.p > 0.1
    # Chance alone makes an area: that is what the p-value is for.
    assert 0.02 < same.null_mean < 0.1


def test_students_change_sides_with_all_their_rows() -> None:
    """Rows of one student repeat each other; dealing rows instead of students would call any area significant."""
    random = np.random.default_rng(1)
    truth = random.integers(0, 2, 60).astype(float)
    score = truth + 2 * random.normal(size=60)
    inside, student = np.arange(60) % 2 == 0, np.arange(60)
    once = abroca(truth, score, inside, student, permutations=199)
    often = abroca(*(np.repeat(column, 8) for column in (truth, score, inside, student)), permutations=199)
    assert often.value == pytest.approx(once.value, abs=1e-12)
    assert often.p == once.p
    by_rows = abroca(*(np.repeat(c, 8) for c in (truth, score, inside)), np.arange(480), permutations=199)
    assert by_rows.p < once.p


def test_a_group_without_both_classes_or_a_student_on_both_sides_is_refused() -> None:
    truth, score = sample(0)
    with pytest.raises(InvalidTable, match="one class only"):
        abroca(truth, score, truth == 1, np.arange(40))
    with pytest.raises(InvalidTable, match="with some rows only"):
        abroca(truth, score, np.arange(40) % 2 == 0, np.arange(40) // 2)
