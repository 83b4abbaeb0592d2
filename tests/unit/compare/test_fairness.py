"""Fairness by group against Fairlearn, and its undefined cases."""

from __future__ import annotations

import fairlearn.metrics as fm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.compare.fairness import (
    average_odds_difference,
    difference,
    equalised_odds_difference,
    rates_by_group,
    ratio,
    relative_to,
    theil_index,
)
from rollbook.model.errors import InvalidInput


@settings(max_examples=10)
@given(st.integers(0, 100_000))
def test_differences_and_ratios_are_fairlearns(seed) -> None:
    random = np.random.default_rng(seed)
    group = np.repeat(["a", "b", "c"], 20)
    # Every group has both classes: where one lacks, Fairlearn reports 0 and this room nothing.
    truth = np.tile([0.0, 1.0], 30)
    decision = random.integers(0, 2, 60).astype(float)
    weight = random.uniform(0.5, 2, 60)
    rates = rates_by_group(truth, decision, group, weight)
    given_ = {"sensitive_features": group, "sample_weight": weight}
    assert difference(rates, "selection_rate") == pytest.approx(
        fm.demographic_parity_difference(truth, decision, **given_), abs=1e-12
    )
    assert ratio(rates, "selection_rate") == pytest.approx(
        fm.demographic_parity_ratio(truth, decision, **given_), abs=1e-12
    )
    for aggregate in ("worst_case", "mean"):
        assert equalised_odds_difference(rates, aggregate) == pytest.approx(
            fm.equalized_odds_difference(truth, decision, agg=aggregate, **given_), abs=1e-12
        )
    permuted = random.permutation(60)
    again = rates_by_group(truth[permuted], decision[permuted], group[permuted], weight[permuted])
    assert difference(again, "tpr") == pytest.approx(difference(rates, "tpr"), abs=1e-12)


def test_one_group_has_no_gap() -> None:
    rates = rates_by_group(np.array([0.0, 1.0]), np.array([1.0, 1.0]), np.array(["a", "a"]))
    assert difference(rates, "selection_rate") == 0
    assert ratio(rates, "selection_rate") == 1


def test_what_has_no_denominator_has_no_rate() -> None:
    rates = rates_by_group(np.zeros(4), np.zeros(4), np.array(["a", "a", "b", "b"]))
    assert rates["a"].tpr is None
    assert rates["a"].precision is None
    assert difference(rates, "tpr") is None
    assert ratio(rates, "fpr") is None
    assert equalised_odds_difference(rates) is None
    assert average_odds_difference(rates, "a", "b") is None
    assert relative_to(rates, "selection_rate", "b") == {"a": None, "b": None}
    assert theil_index(np.ones(3), np.zeros(3)) is None
    with pytest.raises(InvalidInput, match="no group 'z'"):
        relative_to(rates, "fpr", "z")
