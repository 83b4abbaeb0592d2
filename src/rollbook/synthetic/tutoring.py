"""A synthetic mathematics tutor: an item-response model whose students learn while they practise.

Every formula (i student, j item of skill k, t the student's own step):

* ability        theta_i = -gap * [i belongs to the smaller group] + 0.25 * (grade_i - middle grade) + N(0, 1)
* mastery        M_ik starts at 1 with probability sigma(-1.4 + 0.6 * theta_i); after each practice of k an unmastered
                 skill becomes mastered with probability T_k (Corbett & Anderson 1995, no forgetting)
* answer         P(correct_ijt) = sigma(a_j * (theta_i + jump * M_ik - b_j))   (two-parameter logistic, Birnbaum 1968)
* hints          Poisson(1.2 * (1 - P(correct)))
* time           log seconds ~ N(log 45 + 0.35 * b_j - 0.20 * theta_i + 0.15 * hints, 0.45)   (van der Linden 2006)
* prior score    70 + 12 * (0.8 * theta_i + 0.6 * N(0, 1)), cut to [0, 100]: a noisy test from before the course

`hints` and `time_on_problem` are seen only together with the answer: a model may use those of *earlier* rows only.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rollbook.model.errors import InvalidInput

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]
"""Named columns of equal length."""

SKILLS = ("whole numbers", "fractions", "decimals", "ratios", "percent", "expressions", "equations", "geometry")
GRADES = (6, 7, 8)


class TutoringPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to generate. The same plan and seed give the same rows with the same NumPy release.

    Attributes:
        students: Number of students.
        skills: Names of the skills, in the order in which the course teaches them.
        items_per_skill: Problems per skill.
        interactions: Mean number of problems that a student answers (Poisson, at least 8).
        terms: Names of the terms that the course spans; each student's steps are spread evenly over them.
        gap: True difference of mean ability between the two home-language groups, in standard deviations.
        smaller_group: Share of students whose home language is not the school's.
        jump: Gain of ability on a skill once it is mastered (logits for an item with a = 1).
    """

    students: int = 800
    skills: tuple[str, ...] = SKILLS
    items_per_skill: int = 12
    interactions: float = 60.0
    terms: tuple[str, ...] = ("2025-autumn", "2026-spring")
    gap: float = 0.2
    smaller_group: float = 0.25
    jump: float = 1.8

    def __post_init__(self) -> None:
        counts = {"students": self.students, "items_per_skill": self.items_per_skill, "interactions": self.interactions}
        for name, count in counts.items():
            if not count >= 1:
                raise InvalidInput(f"{name} is {count!r}", hint="at least 1")
        if not self.skills or not self.terms:
            raise InvalidInput("a plan without skills or without terms", hint="name at least one of each")
        if not 0 <= self.smaller_group <= 1:
            raise InvalidInput(f"smaller_group is {self.smaller_group!r}", hint="a share between 0 and 1")


class TutoringTruth(NamedTuple):
    """What the rows were drawn from: known only because the data are synthetic.

    Attributes:
        ability: theta, one per student.
        difficulty: b, one per item (in the order of the item's number).
        discrimination: a, one per item.
        learning: T, one per skill.
        probability: P(correct) of every interaction.
        mastered: Whether the skill was mastered when the interaction took place.
    """

    ability: FloatArray
    difficulty: FloatArray
    discrimination: FloatArray
    learning: FloatArray
    probability: FloatArray
    mastered: NDArray[np.bool_]


class Tutoring(NamedTuple):
    """A generated course.

    Attributes:
        interactions: One row per answered problem, by student and order: student, grade_level, prior_performance,
            item, skill, time_on_problem (seconds), hints, correct (0/1), order (1, 2, ... per student), term.
        students: One row per student: student, grade_level, prior_performance, home_language, gender.
        truth: The parameters behind the rows.
    """

    interactions: Columns
    students: Columns
    truth: TutoringTruth


class _Items(NamedTuple):
    difficulty: FloatArray
    discrimination: FloatArray
    learning: FloatArray


class _Steps(NamedTuple):
    """The course as (student, step) matrices; `taken` tells the steps that exist."""

    taken: NDArray[np.bool_]
    skill: IntArray
    item: IntArray
    term: IntArray


class _Answers(NamedTuple):
    probability: FloatArray
    mastered: NDArray[np.bool_]
    correct: IntArray


def generate_tutoring(plan: TutoringPlan, *, seed: int) -> Tutoring:
    """Draw a course.

    Args:
        plan: What to generate.
        seed: Seed of the random numbers.

    Returns:
        The interactions, the students and the truth. About `plan.students * plan.interactions` rows; memory is about
        100 bytes per row.
    """
    rng = np.random.default_rng(seed)
    students, ability = _draw_students(plan, rng)
    items = _draw_items(plan, rng)
    steps = _draw_steps(plan, rng)
    answers = _answer(plan, ability, items, steps, rng)
    interactions = _rows(plan, students, ability, items, steps, answers, rng)
    taken = steps.taken
    truth = TutoringTruth(ability, *items, answers.probability[taken], answers.mastered[taken])
    return Tutoring(interactions, students, truth)


def sigmoid(x: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)), without overflow for large |x|."""
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def _draw_students(plan: TutoringPlan, rng: Generator) -> tuple[Columns, FloatArray]:
    n = plan.students
    other = rng.random(n) < plan.smaller_group
    grade = rng.choice(np.array(GRADES), n)
    ability = -plan.gap * other + 0.25 * (grade - GRADES[len(GRADES) // 2]) + rng.standard_normal(n)
    prior = np.clip(70 + 12 * (0.8 * ability + 0.6 * rng.standard_normal(n)), 0, 100).round(1)
    width = max(4, len(str(n)))
    students: Columns = {
        "student": np.array([f"s{i:0{width}d}" for i in range(1, n + 1)]),
        "grade_level": grade,
        "prior_performance": prior,
        "home_language": np.where(other, "other", "same"),
        "gender": np.where(rng.random(n) < 0.5, "girl", "boy"),
    }
    return students, ability


def _draw_items(plan: TutoringPlan, rng: Generator) -> _Items:
    skills, per_skill = len(plan.skills), plan.items_per_skill
    level = np.repeat(np.linspace(0.1, 1.1, skills), per_skill)
    return _Items(
        difficulty=level + rng.normal(0.0, 0.8, skills * per_skill),
        discrimination=np.exp(rng.normal(0.0, 0.25, skills * per_skill)),
        learning=rng.uniform(0.08, 0.25, skills),
    )


def _draw_steps(plan: TutoringPlan, rng: Generator) -> _Steps:
    """Students walk through the skills in order; every fifth problem or so reviews an earlier one."""
    length = np.maximum(8, rng.poisson(plan.interactions, plan.students))
    step = np.arange(int(length.max()))
    taken = step < length[:, None]
    progress = np.minimum(step / length[:, None], 1 - 1e-9)
    current = (progress * len(plan.skills)).astype(np.int64)
    review = (rng.random(taken.shape) * (current + 1)).astype(np.int64)
    skill = np.where(rng.random(taken.shape) < 0.2, review, current)
    item = skill * plan.items_per_skill + rng.integers(0, plan.items_per_skill, taken.shape)
    return _Steps(taken, skill, item, (progress * len(plan.terms)).astype(np.int64))


def _answer(plan: TutoringPlan, ability: FloatArray, items: _Items, steps: _Steps, rng: Generator) -> _Answers:
    shape = steps.taken.shape
    start = sigmoid(-1.4 + 0.6 * ability)[:, None]
    known = rng.random((plan.students, len(plan.skills))) < start
    probability, mastered = np.empty(shape), np.empty(shape, np.bool_)
    everyone = np.arange(plan.students)
    for t in range(shape[1]):
        skill, item = steps.skill[:, t], steps.item[:, t]
        mastered[:, t] = known[everyone, skill]
        strength = ability + plan.jump * mastered[:, t] - items.difficulty[item]
        probability[:, t] = sigmoid(items.discrimination[item] * strength)
        known[everyone, skill] |= rng.random(plan.students) < items.learning[skill]
    return _Answers(probability, mastered, (rng.random(shape) < probability).astype(np.int64))


def _rows(
    plan: TutoringPlan,
    students: Columns,
    ability: FloatArray,
    items: _Items,
    steps: _Steps,
    answers: _Answers,
    rng: Generator,
) -> Columns:
    who, when = np.nonzero(steps.taken)
    item = steps.item[steps.taken]
    hints = rng.poisson(1.2 * (1 - answers.probability[steps.taken]))
    pace = np.log(45) + 0.35 * items.difficulty[item] - 0.20 * ability[who] + 0.15 * hints
    width = len(str(plan.items_per_skill))
    per_skill = [f"{name}/{j:0{width}d}" for name in plan.skills for j in range(1, plan.items_per_skill + 1)]
    return {
        "student": students["student"][who],
        "grade_level": students["grade_level"][who],
        "prior_performance": students["prior_performance"][who],
        "item": np.array(per_skill)[item],
        "skill": np.array(plan.skills)[steps.skill[steps.taken]],
        "time_on_problem": np.exp(pace + 0.45 * rng.standard_normal(len(item))).round(1),
        "hints": hints,
        "correct": answers.correct[steps.taken],
        "order": when + 1,
        "term": np.array(plan.terms)[steps.term[steps.taken]],
    }
