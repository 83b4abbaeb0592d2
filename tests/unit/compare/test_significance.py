"""Corrections and tests against statsmodels."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests

from rollbook.compare.distributions import binomial_half_p_value, normal_p_value, two_sided_z
from rollbook.compare.significance import adjusted, bh, holm, mcnemar, minimum_detectable_difference

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=30)


# statsmodels collects garbage on every call: few examples, each of up to 30 p-values.
@settings(max_examples=15)
@given(p_values)
def test_corrections_are_those_of_statsmodels(p) -> None:
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)
    assert bh(p) == pytest.approx(multipletests(p, method="fdr_bh")[1], abs=1e-12)
    assert adjusted(p, "none") == tuple(p)


def test_nothing_to_correct() -> None:
    assert holm([]) == bh([]) == ()


@given(st.integers(0, 80), st.integers(0, 80))
def test_mcnemar_is_that_of_statsmodels(b, c) -> None:
    if b + c == 0:
        assert mcnemar(b, c).p == 1.0
        return
    table = [[10, b], [c, 10]]
    assert mcnemar(b, c, exact=True).p == pytest.approx(statsmodels_mcnemar(table, exact=True).pvalue, abs=1e-9)
    corrected = statsmodels_mcnemar(table, exact=False, correction=True)
    found = mcnemar(b, c, exact=False)
    assert (found.statistic, found.p) == pytest.approx((corrected.statistic, corrected.pvalue), abs=1e-9)
    assert mcnemar(b, c).method == ("exact-binomial" if b + c < 25 else "chi2-continuity")


def test_tails_stay_accurate_far_out() -> None:
    assert normal_p_value(1.959963984540054) == pytest.approx(0.05, rel=1e-12)
    assert normal_p_value(30) == pytest.approx(9.813e-198, rel=1e-3)
    assert two_sided_z(0.95) == pytest.approx(1.959963984540054, rel=1e-12)
    assert binomial_half_p_value(0, 10) == pytest.approx(2 / 1024)


def test_minimum_detectable_difference_is_2_8_standard_errors() -> None:
    assert minimum_detectable_difference(0.01) == pytest.approx(0.0280159, abs=1e-7)
