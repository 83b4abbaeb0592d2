"""Agreement: invariants and undefined cases; the numbers are checked by the fixtures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from rollbook.compare.agreement import (
    adjacent_agreement,
    differences_of_standardised_means,
    kappa,
    pearson,
    prmse,
    qwk,
    r_squared,
    standardised_mean_difference,
)

scores = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=40)


def _quadratic(human, machine) -> float:
    # All levels are named, or scikit-learn takes the distance of two scores from their positions among those seen.
    return cohen_kappa_score(human, machine, weights="quadratic", labels=np.arange(6))


@given(scores)
def test_kappas_on_integers_are_cohens(found) -> None:
    human, machine = (np.array(column, float) for column in zip(*found, strict=True))
    if len(np.union1d(human, machine)) > 1:
        assert qwk(human, machine) == pytest.approx(_quadratic(human, machine), abs=1e-9)
        assert qwk(human, machine) == pytest.approx(qwk(machine, human), abs=1e-12)
        assert kappa(human, machine) == pytest.approx(cohen_kappa_score(human, machine), abs=1e-9)
    else:
        assert qwk(human, machine) is None
        assert kappa(human, machine) is None


@given(scores)
def test_differences_of_standardised_means_balance_out(found) -> None:
    human, machine = (np.array(column, float) for column in zip(*found, strict=True))
    group = np.arange(len(human)) % 2
    differences = differences_of_standardised_means(human, machine, group)
    if differences is not None:
        sizes = np.bincount(group)
        assert sum(sizes[int(name)] * value for name, value in differences.items()) == pytest.approx(0, abs=1e-9)


def test_no_spread_leaves_nothing_to_standardise() -> None:
    flat, ramp = np.ones(4), np.arange(4.0)
    assert pearson(flat, ramp) is None
    assert r_squared(flat, ramp) is None
    assert standardised_mean_difference(flat, ramp) is None
    assert standardised_mean_difference(ramp[:1], ramp[:1]) is None
    assert differences_of_standardised_means(flat, ramp, ramp) is None
    assert prmse(flat, flat, ramp) is None


def test_a_score_point_may_be_half() -> None:
    human, machine = np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.0, 4.0])
    assert adjacent_agreement(human, machine) == 1.0
    assert adjacent_agreement(human, machine, step=0.5) == pytest.approx(2 / 3)
