"""Learning gain: undefined where there was nothing to gain, and effect sizes with intervals."""

from __future__ import annotations

import numpy as np
import pytest

from rollbook.compare.gain import class_gain, cohen_dz, hedges_g, individual_gains, normalised_change
from rollbook.model.errors import InvalidTable


def test_a_student_at_the_ceiling_has_no_gain_and_a_class_there_neither() -> None:
    assert individual_gains(np.array([100.0, 50]), np.array([90.0, 75]), 100) == (None, 0.5)
    assert class_gain(np.full(3, 100.0), np.full(3, 90.0), 100) is None


def test_normalised_change_measures_losses_by_what_could_be_lost() -> None:
    pre, post = np.array([50.0, 50, 100, 0, 40, 100]), np.array([75.0, 25, 100, 0, 40, 90])
    assert normalised_change(pre, post, 100) == (0.5, -0.5, None, None, 0.0, -0.1)


def test_the_interval_of_hedges_g_covers_a_known_effect() -> None:
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        g = hedges_g(random.normal(0.4, 1, 40), random.normal(0, 1, 30)).g
        covered += g.low <= 0.4 <= g.high
    assert 366 <= covered <= 394
    assert (g.n, g.n_students, g.method) == (70, 70, "hedges-large-sample")


def test_the_interval_of_a_paired_effect_covers_a_known_effect() -> None:
    random = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        pre = random.normal(size=60)
        covered += (dz := cohen_dz(pre, pre + random.normal(0.3, 1, 60))).low <= 0.3 <= dz.high
    assert 366 <= covered <= 394


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(InvalidTable, match="groups of 1 and 5"):
        hedges_g(np.ones(1), np.arange(5.0))
    with pytest.raises(InvalidTable, match="without spread"):
        hedges_g(np.ones(5), np.ones(5))
    with pytest.raises(InvalidTable, match="without spread"):
        cohen_dz(np.arange(5.0), np.arange(5.0) + 1)
    with pytest.raises(InvalidTable, match="2 scores before and 3 after"):
        class_gain(np.ones(2), np.ones(3), 100)
