from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.model.errors import InvalidInput
from rollbook.synthetic.tutoring import Tutoring, TutoringPlan, generate_tutoring


@pytest.fixture(scope="module")
def course() -> Tutoring:
    return generate_tutoring(TutoringPlan(students=1500), seed=3)


def test_same_seed_same_rows_other_seed_other_rows() -> None:
    plan = TutoringPlan(students=30)
    one, again, other = (generate_tutoring(plan, seed=seed).interactions for seed in (1, 1, 2))
    for name in one:
        np.testing.assert_array_equal(one[name], again[name])
    assert not np.array_equal(one["correct"][:200], other["correct"][:200])


def test_orders_are_dense_and_attributes_belong_to_the_student(course: Tutoring) -> None:
    rows, students = course.interactions, course.students
    first = np.r_[True, rows["student"][1:] != rows["student"][:-1]]
    assert (rows["order"][first] == 1).all()
    assert (np.diff(rows["order"])[~first[1:]] == 1).all()
    assert list(rows["student"][first]) == list(students["student"])
    np.testing.assert_array_equal(rows["prior_performance"][first], students["prior_performance"])


def test_terms_follow_each_other(course: Tutoring) -> None:
    rows = course.interactions
    second = rows["term"] == "2026-spring"
    assert 0.45 < second.mean() < 0.55
    last_autumn = np.zeros(len(course.students["student"]))
    index = np.unique(rows["student"], return_inverse=True)[1]
    np.maximum.at(last_autumn, index[~second], rows["order"][~second])
    assert (rows["order"][second] > last_autumn[index[second]]).all()


def test_item_difficulty_is_recovered_from_the_answers(course: Tutoring) -> None:
    rows = course.interactions
    plan = TutoringPlan()
    names = [f"{skill}/{j:02d}" for skill in plan.skills for j in range(1, plan.items_per_skill + 1)]
    number = {name: i for i, name in enumerate(names)}
    item = np.array([number[name] for name in rows["item"]])
    rate = np.bincount(item, rows["correct"]) / np.bincount(item)
    logit = np.log(rate / (1 - rate))
    assert np.corrcoef(logit, course.truth.difficulty)[0, 1] < -0.95


def test_ability_is_recovered_from_the_answers(course: Tutoring) -> None:
    index = np.unique(course.interactions["student"], return_inverse=True)[1]
    rate = np.bincount(index, course.interactions["correct"]) / np.bincount(index)
    assert np.corrcoef(rate, course.truth.ability)[0, 1] > 0.85


def test_answers_follow_their_probabilities(course: Tutoring) -> None:
    truth, correct = course.truth.probability, course.interactions["correct"]
    spread = np.sqrt((truth * (1 - truth)).sum())
    assert abs(correct.sum() - truth.sum()) < 4 * spread
    high = truth > 0.8
    assert abs(correct[high].mean() - truth[high].mean()) < 0.01


def test_practice_raises_correctness(course: Tutoring) -> None:
    rows = course.interactions
    _, pair = np.unique(np.char.add(rows["student"], rows["skill"]), return_inverse=True)
    attempt = np.zeros(len(pair), int)
    seen: dict[int, int] = {}
    for i, key in enumerate(pair):
        attempt[i] = seen[key] = seen.get(key, 0) + 1
    early, late = attempt <= 2, (attempt >= 6) & (attempt <= 9)
    assert rows["correct"][late].mean() > rows["correct"][early].mean() + 0.08
    assert course.truth.mastered[late].mean() > course.truth.mastered[early].mean() + 0.2


@pytest.mark.parametrize(("gap", "low", "high"), [(0.0, -0.06, 0.06), (0.8, 0.1, 0.3)])
def test_the_gap_between_groups_is_the_one_asked_for(gap: float, low: float, high: float) -> None:
    course = generate_tutoring(TutoringPlan(students=2000, gap=gap, interactions=40), seed=5)
    index = np.unique(course.interactions["student"], return_inverse=True)[1]
    rate = np.bincount(index, course.interactions["correct"]) / np.bincount(index)
    other = course.students["home_language"] == "other"
    assert low < rate[~other].mean() - rate[other].mean() < high


def test_weaker_answers_take_more_hints_and_hard_items_more_time(course: Tutoring) -> None:
    rows, p = course.interactions, course.truth.probability
    assert rows["hints"][p < 0.3].mean() > rows["hints"][p > 0.8].mean() + 0.4
    assert np.corrcoef(np.log(rows["time_on_problem"]), p)[0, 1] < -0.2


@settings(max_examples=25, deadline=None)
@given(students=st.integers(1, 20), skills=st.integers(1, 4), items=st.integers(1, 5), seed=st.integers(0, 2**32 - 1))
def test_any_small_plan_gives_whole_columns(students: int, skills: int, items: int, seed: int) -> None:
    plan = TutoringPlan(students=students, skills=tuple("abcd"[:skills]), items_per_skill=items, interactions=10)
    course = generate_tutoring(plan, seed=seed)
    assert len({len(column) for column in course.interactions.values()}) == 1
    assert len(np.unique(course.interactions["student"])) == students
    assert np.isfinite(course.interactions["time_on_problem"]).all()
    assert ((course.truth.probability > 0) & (course.truth.probability < 1)).all()


@pytest.mark.parametrize(
    "bad",
    [{"students": 0}, {"items_per_skill": 0}, {"interactions": float("nan")}, {"skills": ()}, {"smaller_group": 2}],
)
def test_impossible_plans_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        TutoringPlan(**bad)  # pyright: ignore[reportArgumentType]
