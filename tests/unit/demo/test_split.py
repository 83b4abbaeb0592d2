from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rollbook.demo.split import PARTS, split_students


@given(st.lists(st.integers(0, 30), min_size=1, max_size=200), st.integers(0, 1000))
def test_nobody_is_in_two_parts(students: list[int], seed: int) -> None:
    dealt = split_students(np.array(students), seed=seed)
    part_of: dict[int, str] = {}
    for student, name in zip(students, dealt.tolist(), strict=True):
        assert name in PARTS
        assert part_of.setdefault(student, name) == name


def test_the_shares_are_of_students_not_of_rows() -> None:
    students = np.repeat(np.arange(1000), np.r_[np.full(500, 1), np.full(500, 50)])
    dealt = split_students(students, seed=4, validation=0.2, test=0.3)
    held = {name: len(np.unique(students[dealt == name])) for name in PARTS}
    assert held == {"train": 500, "validation": 200, "test": 300}


def test_the_order_of_rows_does_not_matter() -> None:
    students = np.arange(50)
    backwards = split_students(students[::-1], seed=2)[::-1]
    np.testing.assert_array_equal(split_students(students, seed=2), backwards)
