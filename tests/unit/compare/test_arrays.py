"""Codes of values, however they are stored."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.compare.arrays import codes, count_distinct, keys, sum_by


@given(
    st.lists(st.integers(-5, 40) | st.integers(0, 5), max_size=30), st.sampled_from([np.int64, np.uint64, np.int8, str])
)
def test_codes_are_those_of_unique(values, kind) -> None:
    array = np.array([abs(v) if kind is np.uint64 else v for v in values], dtype=kind)
    levels, code = codes(array)
    expected, inverse = np.unique(array, return_inverse=True)
    assert levels.tolist() == expected.tolist()
    assert code.tolist() == inverse.tolist()
    assert count_distinct(code) == len(expected)


def test_objects_become_text_and_integers_stay() -> None:
    assert keys(np.array(["b", "a"], dtype=object)).dtype.kind == "U"
    assert keys(np.array([3, 1])).dtype.kind == "i"


def test_sums_by_code() -> None:
    code, values = np.array([0, 2, 0]), np.array([1.0, 2.0, 4.0])
    assert sum_by(code, 3, values).tolist() == [5.0, 0.0, 2.0]
    assert sum_by(code, 3, np.column_stack([values, -values])) == pytest.approx(np.array([[5, -5], [0, 0], [2, -2]]))
