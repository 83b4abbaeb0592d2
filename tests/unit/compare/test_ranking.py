"""AUC and average precision against pair counting, scikit-learn and a separate implementation of Obuchowski's error."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from rollbook.compare.ranking import (
    auc,
    auc_covariance,
    auc_difference_variance,
    auc_standard_error,
    average_precision,
    clustered_auc,
    resampled_auc,
    resampled_average_precision,
)

_PATH = Path(__file__).parents[2] / "reference" / "obuchowski_ref.py"
_SPEC = importlib.util.spec_from_file_location("obuchowski_ref", _PATH)
reference = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(reference)

rows = st.lists(
    st.tuples(st.booleans(), st.integers(0, 12), st.integers(1, 4), st.integers(0, 9)), min_size=2, max_size=60
).filter(lambda found: len({truth for truth, *_ in found}) == 2)


def arrays(found):
    truth, score, weight, student = (np.array(column, dtype=float) for column in zip(*found, strict=True))
    return truth, score / 12, weight, student.astype(int)


def by_pairs(truth, score, weight):
    positive, negative = truth == 1, truth == 0
    wins = (score[positive][:, None] > score[negative]) + 0.5 * (score[positive][:, None] == score[negative])
    pairs = weight[positive][:, None] * weight[negative]
    return (wins * pairs).sum() / pairs.sum()


@given(rows)
def test_auc_counts_pairs(found) -> None:
    truth, score, weight, _ = arrays(found)
    assert auc(truth, score, weight) == pytest.approx(by_pairs(truth, score, weight), abs=1e-12)
    assert auc(truth, score, weight) == pytest.approx(roc_auc_score(truth, score, sample_weight=weight), abs=1e-12)


@given(rows)
def test_auc_invariants(found) -> None:
    truth, score, weight, _ = arrays(found)
    value = auc(truth, score, weight)
    assert auc(1 - truth, score, weight) == pytest.approx(1 - value, abs=1e-12)
    assert auc(truth, np.exp(3 * score) - 7, weight) == pytest.approx(value, abs=1e-12)
    assert auc(truth, score, 5.5 * weight) == pytest.approx(value, abs=1e-12)
    repeated = np.repeat(np.arange(len(truth)), weight.astype(int))
    assert auc(truth[repeated], score[repeated]) == pytest.approx(value, abs=1e-12)


@given(rows)
def test_average_precision_is_that_of_scikit_learn(found) -> None:
    truth, score, weight, _ = arrays(found)
    expected = average_precision_score(truth, score, sample_weight=weight)
    assert average_precision(truth, score, weight) == pytest.approx(expected, abs=1e-12)


@given(rows)
def test_drawing_a_student_twice_is_weighing_its_rows_twice(found) -> None:
    truth, score, weight, student = arrays(found)
    draws = np.random.default_rng(0).integers(0, 4, size=(5, 10))[:, student] * weight
    aucs, precisions = resampled_auc(truth, score, draws), resampled_average_precision(truth, score, draws)
    for k, drawn in enumerate(draws):
        assert aucs[k] == pytest.approx(auc(truth, score, drawn), abs=1e-12, nan_ok=True)
        if drawn[truth == 1].sum() > 0:
            expected = average_precision_score(truth[drawn > 0], score[drawn > 0], sample_weight=drawn[drawn > 0])
            assert precisions[k] == pytest.approx(expected, abs=1e-12)
        else:
            assert np.isnan(precisions[k])


def clustered(seed: int, n: int = 400, students: int = 60):
    random = np.random.default_rng(seed)
    student = random.integers(0, students, n)
    own = random.normal(size=students)[student]
    truth = (own + random.normal(size=n) > 0.3).astype(float)
    return truth, np.round(own + random.normal(size=n), 1), np.round(own + 2 * random.normal(size=n), 1), student


@pytest.mark.parametrize("seed", range(5))
def test_clustered_error_is_obuchowskis(seed) -> None:
    truth, p, q, student = clustered(seed)
    weight = np.ones(len(truth))
    a, b = (clustered_auc(truth, score, weight, student, 60) for score in (p, q))
    assert (a.value, auc_standard_error(a)) == pytest.approx(reference.obuchowski(truth, p, student), abs=1e-12)
    difference, error = reference.obuchowski(truth, p, student, q)
    assert a.value - b.value == pytest.approx(difference, abs=1e-12)
    assert auc_difference_variance(a, b) ** 0.5 == pytest.approx(error, abs=1e-12)


def test_clustered_error_is_larger_than_one_that_takes_rows_as_independent() -> None:
    truth, p, _, student = clustered(0, n=3000, students=50)
    together = clustered_auc(truth, p, np.ones(3000), student, 50)
    apart = clustered_auc(truth, p, np.ones(3000), np.arange(3000), 3000)
    assert auc_standard_error(together) > 2 * auc_standard_error(apart)


def test_weights_that_are_all_equal_change_no_error() -> None:
    truth, p, _, student = clustered(1)
    ones, threes = (clustered_auc(truth, p, np.full(400, w), student, 60) for w in (1.0, 3.0))
    assert auc_standard_error(ones) == pytest.approx(auc_standard_error(threes), abs=1e-12)


def test_influence_sums_to_zero_and_predicts_the_effect_of_drawing_a_student_again() -> None:
    truth, p, _, student = clustered(2)
    parts = clustered_auc(truth, p, np.ones(400), student, 60)
    assert parts.influence.sum() == pytest.approx(0, abs=1e-12)
    step = 1e-5
    more = 1 + step * (student == 7)
    slope = (auc(truth, p, more) - parts.value) / step
    assert slope == pytest.approx(parts.influence[7], abs=1e-4)


def test_one_class_has_no_auc_and_too_few_clusters_no_error() -> None:
    assert np.isnan(auc(np.ones(4), np.arange(4.0)))
    assert np.isnan(average_precision(np.zeros(4), np.arange(4.0)))
    parts = clustered_auc(np.array([1.0, 0, 0, 0]), np.arange(4.0), np.ones(4), np.arange(4), 4)
    assert np.isnan(auc_covariance(parts, parts))


def test_equal_scores_have_exactly_no_difference() -> None:
    truth, p, _, student = clustered(3)
    a, b = (clustered_auc(truth, score, np.ones(400), student, 60) for score in (p, np.exp(p)))
    assert auc_difference_variance(a, b) == 0
