from __future__ import annotations

import numpy as np
import pytest

from rollbook.model.errors import InvalidInput
from rollbook.synthetic.defects import ExportDefects, spoil
from rollbook.synthetic.tutoring import TutoringPlan, generate_tutoring

ROWS = generate_tutoring(TutoringPlan(students=300), seed=1).interactions


def test_no_defects_changes_nothing() -> None:
    same = spoil(ROWS, ExportDefects(repeated=0, untimed=0, idle=0), seed=1)
    for name, column in ROWS.items():
        np.testing.assert_array_equal(same[name], column)


def test_defects_have_about_the_stated_shares() -> None:
    n = len(ROWS["order"])
    spoiled = spoil(ROWS, ExportDefects(repeated=0.05, untimed=0.03, idle=0.02), seed=1)
    time = spoiled["time_on_problem"]
    assert abs(len(time) / n - 1.05) < 0.01
    assert abs(np.isnan(time).mean() - 0.03) < 0.01
    assert abs((time >= 3600).mean() - 0.02) < 0.01


def test_a_repeated_row_stands_behind_its_original_in_every_column() -> None:
    spoiled = spoil(ROWS, ExportDefects(repeated=0.5), seed=2)
    again = (spoiled["student"][1:] == spoiled["student"][:-1]) & (spoiled["order"][1:] == spoiled["order"][:-1])
    assert again.sum() == len(spoiled["order"]) - len(ROWS["order"])
    for name, column in spoiled.items():
        np.testing.assert_array_equal(column[1:][again], column[:-1][again], err_msg=name)


def test_the_input_is_left_alone() -> None:
    before = ROWS["time_on_problem"].copy()
    spoil(ROWS, ExportDefects(untimed=1.0), seed=3)
    np.testing.assert_array_equal(ROWS["time_on_problem"], before)


def test_a_share_outside_0_to_1_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"idle is 1\.5"):
        ExportDefects(idle=1.5)
