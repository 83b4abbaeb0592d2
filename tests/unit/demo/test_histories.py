from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.demo.columns import Columns, select
from rollbook.demo.damage import outcomes_inverted
from rollbook.demo.histories import FEATURES, KNOWN_IN_ADVANCE, CleanedInteractions, clean, past_features, rates
from rollbook.synthetic.defects import ExportDefects, spoil
from rollbook.synthetic.tutoring import TutoringPlan, generate_tutoring

COURSE = generate_tutoring(TutoringPlan(students=120, interactions=25), seed=11)
RAW = spoil(COURSE.interactions, ExportDefects(repeated=0.05, untimed=0.05, idle=0.02), seed=12)
PAST = tuple(name for name in FEATURES if name not in KNOWN_IN_ADVANCE)


@pytest.fixture(scope="module")
def cleaned() -> CleanedInteractions:
    return clean(RAW, COURSE.students, seed=0)


def test_repeated_rows_go_and_nothing_else(cleaned: CleanedInteractions) -> None:
    assert cleaned.repeated == len(RAW["order"]) - len(COURSE.interactions["order"]) > 0
    for name in ("student", "order", "correct", "item"):
        np.testing.assert_array_equal(cleaned.table[name], COURSE.interactions[name])
    assert len(np.unique(cleaned.table["row"])) == len(cleaned.table["row"])


def test_missing_and_idle_times_are_replaced_and_counted(cleaned: CleanedInteractions) -> None:
    time = cleaned.table["time_on_problem"]
    assert np.isfinite(time).all()
    assert time.max() < 1800
    changed = time != COURSE.interactions["time_on_problem"]
    assert 0 < changed.sum() <= cleaned.untimed


def test_the_roster_has_bands_not_scores(cleaned: CleanedInteractions) -> None:
    assert set(cleaned.roster["prior_performance"]) == {"low", "middle", "high"}
    assert cleaned.table["prior_performance"].dtype == np.float64


def _slow_features(rows: Columns, i: int) -> dict[str, float]:
    """The definition, one row at a time."""
    mine = (rows["student"] == rows["student"][i]) & (rows["order"] < rows["order"][i])
    mine_on_skill = mine & (rows["skill"] == rows["skill"][i])
    past = rows["correct"][mine][np.argsort(rows["order"][mine])]
    on_skill = rows["correct"][mine_on_skill][np.argsort(rows["order"][mine_on_skill])]
    return {
        "attempts": np.log1p(len(past)),
        "attempts_on_skill": np.log1p(len(on_skill)),
        "share_correct": (past.sum() + 1) / (len(past) + 2),
        "share_correct_on_skill": (on_skill.sum() + 1) / (len(on_skill) + 2),
        "recent_correct": (past[-5:].sum() + 1) / (len(past[-5:]) + 2),
        "last_correct": float(past[-1]) if len(past) else 0.5,
        "last_correct_on_skill": float(on_skill[-1]) if len(on_skill) else 0.5,
        "mean_hints": rows["hints"][mine].mean() if mine.any() else 0.0,
        "mean_log_seconds": np.log(rows["time_on_problem"][mine]).mean() if mine.any() else 0.0,
    }


def test_features_equal_their_definition(cleaned: CleanedInteractions) -> None:
    shuffled = select(cleaned.table, np.random.default_rng(1).permutation(len(cleaned.table["row"])))
    features = past_features(shuffled)
    assert set(features) == set(PAST)
    for i in range(0, len(shuffled["row"]), 97):
        for name, expected in _slow_features(shuffled, i).items():
            assert features[name][i] == pytest.approx(expected, abs=1e-9), name


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_feature_never_sees_its_own_row_or_a_later_one(data: st.DataObject) -> None:
    rows = {name: values.copy() for name, values in COURSE.interactions.items()}
    i = data.draw(st.integers(0, len(rows["order"]) - 1))
    before = past_features(rows)
    future = (rows["student"] == rows["student"][i]) & (rows["order"] >= rows["order"][i])
    rows["correct"] = np.where(future, 1 - rows["correct"], rows["correct"])
    rows["hints"] = np.where(future, rows["hints"] + 3, rows["hints"])
    rows["time_on_problem"] = np.where(future, rows["time_on_problem"] * 7, rows["time_on_problem"])
    after = past_features(rows)
    for name in PAST:
        assert after[name][i] == before[name][i], name


def test_other_students_do_not_enter_a_history() -> None:
    rows = dict(COURSE.interactions)
    mine = rows["student"] == rows["student"][0]
    changed = rows | {"correct": np.where(mine, rows["correct"], 1 - rows["correct"])}
    for name in PAST:
        # The running sums differ in the last bits, since they run over everybody.
        np.testing.assert_allclose(past_features(changed)[name][mine], past_features(rows)[name][mine], atol=1e-9)


def test_held_out_answers_describe_nobody(cleaned: CleanedInteractions) -> None:
    table = cleaned.table
    held = table["part"] != "train"
    inverted = table | {"correct": np.where(held, 1 - table["correct"], table["correct"])}
    for name, values in rates(inverted, seed=0).items():
        np.testing.assert_array_equal(values, table[name])


def test_a_training_students_answers_do_not_describe_their_own_rows(cleaned: CleanedInteractions) -> None:
    table = cleaned.table
    who = table["student"][table["part"] == "train"][0]
    mine = table["student"] == who
    inverted = table | {"correct": np.where(mine, 1 - table["correct"], table["correct"])}
    changed = rates(inverted, seed=0)
    np.testing.assert_array_equal(changed["item_rate"][mine], table["item_rate"][mine])
    assert (changed["item_rate"][~mine] != table["item_rate"][~mine]).any()


def test_an_inverted_code_reaches_the_rows_under_it_only() -> None:
    spring = RAW["term"] == "2026-spring"
    broken = outcomes_inverted(RAW, "correct", spring)
    np.testing.assert_array_equal(broken["correct"][spring], 1 - RAW["correct"][spring])
    np.testing.assert_array_equal(broken["correct"][~spring], RAW["correct"][~spring])
