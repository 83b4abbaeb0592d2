"""Bins: right-closed, the first with its low end, empty ones not counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.compare.calibration import bin_edges, bin_gaps, bin_of, calibration_error, reliability_table


def test_scores_on_an_edge_belong_to_the_bin_below_and_zero_to_the_first() -> None:
    edges = bin_edges(np.array([0.0]), 10, "width")
    assert bin_of(np.array([0.0, 0.1, 0.1000001, 0.5, 1.0]), edges).tolist() == [0, 0, 1, 4, 9]


def test_equal_scores_make_one_bin_of_equal_mass() -> None:
    score, truth = np.full(20, 0.3), np.repeat([0.0, 1.0], 10)
    assert calibration_error(truth, score, strategy="mass") == pytest.approx((0.2, 0.2, 0.2))
    (entry,) = reliability_table(truth, score, strategy="mass")
    assert (entry.low_edge, entry.high_edge, entry.n) == (0.3, 0.3, 20)


@given(st.integers(0, 100_000), st.sampled_from(["width", "mass"]))
def test_invariants(seed, strategy) -> None:
    random = np.random.default_rng(seed)
    truth, score = random.integers(0, 2, 60).astype(float), np.round(random.uniform(size=60), 1)
    weight = random.integers(1, 4, 60).astype(float)
    error = calibration_error(truth, score, strategy=strategy)
    assert 0 <= error.mean <= error.rms + 1e-12 <= error.maximum + 2e-12
    assert error.mean >= abs((score - truth).mean()) - 1e-12
    gaps = bin_gaps(truth, score, np.ones(60), 10, strategy)
    assert np.abs(gaps.sum(axis=0)).sum() / 60 == pytest.approx(error.mean, abs=1e-12)
    repeated = np.repeat(np.arange(60), weight.astype(int))
    if strategy == "width":
        weighted = calibration_error(truth, score, weight=weight)
        assert calibration_error(truth[repeated], score[repeated]) == pytest.approx(weighted, abs=1e-12)


def test_reliability_intervals_count_students_not_rows() -> None:
    truth, score = np.tile([0.0, 1.0], 50), np.full(100, 0.5)
    rows, students = (reliability_table(truth, score, s)[0] for s in (None, np.arange(100) // 10))
    assert (rows.n, rows.n_students, students.n_students) == (100, 100, 10)
    assert students.high - students.low > 2 * (rows.high - rows.low)
    assert sum(entry.n for entry in reliability_table(truth, np.linspace(0, 1, 100))) == 100
