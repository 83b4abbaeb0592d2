"""The stability index: none without shift, and its size by chance alone is known."""

from __future__ import annotations

import numpy as np
import pytest

from rollbook.compare.drift import chi_squared, expected_index_without_shift, population_stability_index


def test_equal_shares_have_no_index_whatever_the_counts() -> None:
    counts = np.array([10.0, 30, 60])
    assert population_stability_index(counts, 7 * counts) == pytest.approx(0, abs=1e-12)
    assert chi_squared(counts, 7 * counts).p == pytest.approx(1)


def test_chance_alone_makes_an_index_of_the_stated_size() -> None:
    random = np.random.default_rng(0)
    shares = np.full(10, 0.1)
    found = [
        population_stability_index(random.multinomial(800, shares) * 1.0, random.multinomial(500, shares) * 1.0)
        for _ in range(500)
    ]
    assert np.mean(found) == pytest.approx(expected_index_without_shift(10, 800, 500), rel=0.1)
