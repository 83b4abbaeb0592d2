"""Bayesian knowledge tracing (Corbett and Anderson 1995): four numbers per skill, fitted by vectorised EM.

A student has mastered a skill or not. P(mastered at first) = start; after each practice an unmastered skill becomes
mastered with probability learn; a mastered skill is answered wrongly with probability slip, an unmastered one
correctly with probability guess. Nothing is forgotten. Guess and slip are kept within [0.01, 0.5]: beyond, "mastered"
would stop meaning that answers become better (Baker, Corbett and Aleven 2008).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rollbook.demo.columns import Columns, FloatArray, IntArray, length, part
from rollbook.demo.models.base import CurvePoint, Problem, Trained, auc, log_loss, write_description

KIND = "bkt"
ABSENT = -1


class SkillParameters(NamedTuple):
    """One skill's four probabilities."""

    start: float
    learn: float
    guess: float
    slip: float


FIRST_GUESS = SkillParameters(start=0.4, learn=0.1, guess=0.2, slip=0.1)


class _Practice(NamedTuple):
    """One skill's answers as a (students, attempts) matrix, padded with ABSENT, and where each row went."""

    answers: NDArray[np.int8]
    row: IntArray
    student: IntArray
    attempt: IntArray


class BktModel(NamedTuple):
    """Scores every row from the student's earlier answers on the same skill (one step ahead).

    Attributes:
        skills: Fitted parameters by skill.
        unknown: Score for skills never seen in training: the training share of correct answers.
        outcome: Name of the 0/1 column of answers.
    """

    skills: dict[str, SkillParameters]
    unknown: float
    outcome: str

    @property
    def parameters(self) -> int:
        """Four per skill."""
        return 4 * len(self.skills)

    def scores(self, columns: Columns) -> FloatArray:
        """P(correct) of every row. Needs student, skill, order and the outcome of *earlier* rows."""
        scores = np.full(length(columns), self.unknown)
        for skill, parameters in self.skills.items():
            practice = _practice(columns, self.outcome, skill)
            scores[practice.row] = _predict(practice.answers, parameters)[practice.student, practice.attempt]
        return scores

    def save(self, folder: Path) -> None:
        """Write `model.json`."""
        skills = {skill: parameters._asdict() for skill, parameters in self.skills.items()}
        write_description(folder, {"kind": KIND, "outcome": self.outcome, "unknown": self.unknown, "skills": skills})


def load_bkt(description: dict[str, Any]) -> BktModel:
    """The model described by a `model.json`."""
    skills = {skill: SkillParameters(**values) for skill, values in description["skills"].items()}
    return BktModel(skills, description["unknown"], description["outcome"])


def train_bkt(problem: Problem, *, iterations: int = 30) -> Trained:
    """Fit every skill by expectation maximisation (Baum and Welch), all its students at once.

    Args:
        problem: Columns with student, skill, order and the outcome; the features are not used.
        iterations: EM iterations; one point of the curve each.

    Returns:
        The model and its curve.
    """
    train = part(problem.columns, "train")
    unknown = float(train[problem.outcome].mean())
    practices = {str(skill): _practice(train, problem.outcome, skill) for skill in np.unique(train["skill"])}
    model = BktModel(dict.fromkeys(practices, FIRST_GUESS), unknown, problem.outcome)
    curve: list[CurvePoint] = []
    for step in range(1, iterations + 1):
        fitted = {skill: _improve(practice.answers, model.skills[skill]) for skill, practice in practices.items()}
        model = BktModel(fitted, unknown, problem.outcome)
        curve.append(_point(step, problem, model))
    return Trained("Bayesian knowledge tracing", model, {"iterations": iterations}, curve)


def _point(step: int, problem: Problem, model: BktModel) -> CurvePoint:
    train, held = (model.scores(part(problem.columns, name)) for name in ("train", "validation"))
    truth = problem.truth("validation")
    return {
        "step": step,
        "train_loss": log_loss(problem.truth("train"), train),
        "validation_loss": log_loss(truth, held),
        "validation_auc": auc(truth, held),
    }


def _practice(columns: Columns, outcome: str, skill: str) -> _Practice:
    row = np.nonzero(columns["skill"] == skill)[0]
    student = np.unique(columns["student"][row], return_inverse=True)[1]
    in_time = np.lexsort((columns["order"][row], student))
    row, student = row[in_time], student[in_time]
    starts = np.r_[0, np.nonzero(np.diff(student))[0] + 1]
    attempt = np.arange(len(row)) - np.repeat(starts, np.diff(np.r_[starts, len(row)]))
    answers = np.full((int(student.max(initial=-1)) + 1, int(attempt.max(initial=-1)) + 1), ABSENT, np.int8)
    answers[student, attempt] = columns[outcome][row]
    return _Practice(answers, row, student, attempt)


def _evidence(answers: NDArray[np.int8], skill: SkillParameters) -> tuple[FloatArray, FloatArray]:
    """P(answer | mastered) and P(answer | not mastered); 1 where there is no answer."""
    right, there = answers == 1, answers != ABSENT
    mastered = np.where(right, 1 - skill.slip, skill.slip)
    unmastered = np.where(right, skill.guess, 1 - skill.guess)
    return np.where(there, mastered, 1.0), np.where(there, unmastered, 1.0)


def _predict(answers: NDArray[np.int8], skill: SkillParameters) -> FloatArray:
    """P(correct) before each answer, given the answers before it."""
    mastered, unmastered = _evidence(answers, skill)
    belief = np.full(len(answers), skill.start)
    predicted = np.empty(answers.shape)
    for t in range(answers.shape[1]):
        predicted[:, t] = belief * (1 - skill.slip) + (1 - belief) * skill.guess
        joint = belief * mastered[:, t]
        belief = joint / (joint + (1 - belief) * unmastered[:, t])
        belief = belief + (1 - belief) * skill.learn
    return predicted


def _improve(answers: NDArray[np.int8], skill: SkillParameters) -> SkillParameters:
    """One EM step. Padding says nothing and lies at the end, so that it changes no earlier belief."""
    known, learned = _smooth(answers, skill)
    there = answers != ABSENT
    right = answers == 1
    unknown = 1 - known
    chances = float((unknown[:, :-1] * there[:, 1:]).sum())
    return SkillParameters(
        start=_clip(float(known[:, 0].mean()), 0.001, 0.999),
        learn=_clip(float((learned * there[:, 1:]).sum()) / max(chances, 1e-9), 1e-4, 0.95),
        guess=_clip(float((unknown * right).sum()) / max(float((unknown * there).sum()), 1e-9), 0.01, 0.5),
        slip=_clip(float((known * (there & ~right)).sum()) / max(float((known * there).sum()), 1e-9), 0.01, 0.5),
    )


def _smooth(answers: NDArray[np.int8], skill: SkillParameters) -> tuple[FloatArray, FloatArray]:
    """Forward and backward pass.

    Returns:
        P(mastered at t | all answers), shape (students, attempts), and P(not mastered at t, mastered at t + 1 | all
        answers), shape (students, attempts - 1).
    """
    mastered, unmastered = _evidence(answers, skill)
    n, length_ = answers.shape
    yes, no, norm = np.empty((n, length_)), np.empty((n, length_)), np.empty((n, length_))
    before_yes, before_no = np.full(n, skill.start), np.full(n, 1 - skill.start)
    for t in range(length_):
        yes[:, t], no[:, t] = before_yes * mastered[:, t], before_no * unmastered[:, t]
        norm[:, t] = yes[:, t] + no[:, t]
        yes[:, t] /= norm[:, t]
        no[:, t] /= norm[:, t]
        before_yes, before_no = yes[:, t] + no[:, t] * skill.learn, no[:, t] * (1 - skill.learn)
    later_yes, later_no = np.ones((n, length_)), np.ones((n, length_))
    for t in range(length_ - 2, -1, -1):
        on_yes = later_yes[:, t + 1] * mastered[:, t + 1] / norm[:, t + 1]
        on_no = later_no[:, t + 1] * unmastered[:, t + 1] / norm[:, t + 1]
        later_yes[:, t] = on_yes
        later_no[:, t] = skill.learn * on_yes + (1 - skill.learn) * on_no
    known = yes * later_yes / (yes * later_yes + no * later_no)
    learned = no[:, :-1] * skill.learn * mastered[:, 1:] * later_yes[:, 1:] / norm[:, 1:]
    return known, learned


def _clip(value: float, low: float, high: float) -> float:
    return min(high, max(low, value))
