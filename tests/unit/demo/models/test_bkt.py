from __future__ import annotations

import itertools

import numpy as np
import pytest

from rollbook.demo.columns import Columns
from rollbook.demo.models.base import Problem
from rollbook.demo.models.bkt import BktModel, SkillParameters, train_bkt


def _rows(answers: list[list[int]]) -> Columns:
    student = np.repeat(np.arange(len(answers)), [len(one) for one in answers])
    return {
        "student": student,
        "skill": np.full(len(student), "fractions"),
        "order": np.concatenate([np.arange(len(one)) for one in answers]),
        "correct": np.concatenate([np.array(one) for one in answers]),
        "part": np.where(student % 10 == 0, "validation", "train"),
    }


def _by_enumeration(answers: list[int], skill: SkillParameters) -> float:
    """P(next answer correct | answers), summed over every path of mastery."""
    joint = {0: 0.0, 1: 0.0}
    for path in itertools.product((0, 1), repeat=len(answers) + 1):
        p = skill.start if path[0] else 1 - skill.start
        for before, after in itertools.pairwise(path):
            p *= (1.0 if after else 0.0) if before else (skill.learn if after else 1 - skill.learn)
        for state, answer in zip(path, answers, strict=False):
            right = 1 - skill.slip if state else skill.guess
            p *= right if answer else 1 - right
        joint[path[-1]] += p
    mastered = joint[1] / (joint[0] + joint[1])
    return mastered * (1 - skill.slip) + (1 - mastered) * skill.guess


def test_scores_equal_the_sum_over_all_paths() -> None:
    skill = SkillParameters(start=0.3, learn=0.2, guess=0.15, slip=0.1)
    answers = [1, 0, 1, 1, 0]
    scores = BktModel({"fractions": skill}, 0.5, "correct").scores(_rows([answers]))
    for i in range(len(answers)):
        assert scores[i] == pytest.approx(_by_enumeration(answers[:i], skill), abs=1e-12)


def test_the_parameters_behind_simulated_answers_are_recovered() -> None:
    true = SkillParameters(start=0.25, learn=0.15, guess=0.2, slip=0.08)
    rng = np.random.default_rng(1)
    mastered = rng.random(4000) < true.start
    answers = np.empty((4000, 12), int)
    for t in range(12):
        answers[:, t] = rng.random(4000) < np.where(mastered, 1 - true.slip, true.guess)
        mastered |= rng.random(4000) < true.learn
    trained = train_bkt(Problem(_rows(answers.tolist()), (), "correct"), iterations=60)
    assert isinstance(trained.model, BktModel)
    for found, expected in zip(trained.model.skills["fractions"], true, strict=True):
        assert found == pytest.approx(expected, abs=0.03)


def test_every_iteration_raises_the_likelihood() -> None:
    rng = np.random.default_rng(2)
    problem = Problem(_rows(rng.integers(0, 2, (300, 9)).tolist()), (), "correct")
    losses = [point["train_loss"] for point in train_bkt(problem, iterations=25).curve]
    assert all(later <= earlier + 1e-9 for earlier, later in itertools.pairwise(losses))


def test_students_with_fewer_answers_are_not_read_as_wrong() -> None:
    short = train_bkt(Problem(_rows([[1]] * 50 + [[1, 1, 1, 1]] * 50), (), "correct"), iterations=10)
    assert isinstance(short.model, BktModel)
    assert short.model.skills["fractions"].slip == pytest.approx(0.01)


def test_a_skill_never_seen_gets_the_training_share() -> None:
    trained = train_bkt(Problem(_rows([[1, 0], [1, 1]] * 20), (), "correct"), iterations=3)
    other = _rows([[1, 0]]) | {"skill": np.array(["algebra", "algebra"])}
    train_share = _rows([[1, 0], [1, 1]] * 20)
    expected = train_share["correct"][train_share["part"] == "train"].mean()
    np.testing.assert_allclose(trained.model.scores(other), expected)
