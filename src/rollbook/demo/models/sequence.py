"""A small transformer over a student's answers in their order (after Pandey and Karypis 2019). Needs torch.

The token of step t is the sum of: which skill and answer came *before*, which skill is asked now, what is known about
this problem and this student in advance (`features`), and the position. Attention is causal, so that the score of a
step depends on earlier answers only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rollbook.demo.columns import Columns, FloatArray, IntArray, matrix, part
from rollbook.demo.models.attention import (
    WEIGHTS_FILE,
    Size,
    Tensors,
    Weights,
    draw_blocks,
    flatten,
    learn,
    run_blocks,
    to_tensors,
    torch,
    unflatten,
)
from rollbook.demo.models.base import CurvePoint, Problem, Trained, curve_point, write_array, write_description

KIND = "sequence-transformer"
LONGEST = 256
"""Positions that are told apart; later steps share the last one."""


class _Sequences(NamedTuple):
    """Students as padded (students, steps) tensors; `student` and `step` say where each row went."""

    before: Any
    skill: Any
    known: Any
    answer: Any
    there: Any
    student: IntArray
    step: IntArray


class SequenceTransformer(NamedTuple):
    """P(correct) of every step from the steps before it.

    Attributes:
        skills: Skill names; a skill's number is its place.
        features: Columns known before the answer (they must not look at the answer of their own row).
        outcome: Name of the 0/1 column of answers.
        mean: Training means of the features.
        scale: Training standard deviations (1 for a constant column).
        size: Shape of the network.
        weights: Named arrays, single precision.
    """

    skills: tuple[str, ...]
    features: tuple[str, ...]
    outcome: str
    mean: FloatArray
    scale: FloatArray
    size: Size
    weights: Weights

    @property
    def parameters(self) -> int:
        """All weights."""
        return sum(values.size for values in self.weights.values())

    def scores(self, columns: Columns) -> FloatArray:
        """P(correct) of every row, whatever the order of the rows."""
        sequences = self.sequences(columns)
        with torch.no_grad():
            scores = torch.sigmoid(_logits(to_tensors(self.weights), sequences, slice(None), self.size)).numpy()
        return scores[sequences.student, sequences.step].astype(np.float64)

    def sequences(self, columns: Columns) -> _Sequences:
        """Lay the rows out by student and order."""
        student = np.unique(columns["student"], return_inverse=True)[1]
        step = _steps(student, columns["order"])
        skill = _numbers(columns["skill"], self.skills)
        answer = columns[self.outcome].astype(np.int64)
        shape = (int(student.max()) + 1, int(step.max()) + 1)
        laid = np.full((3, *shape), len(self.skills))
        laid[0, student, step], laid[1, student, step], laid[2, student, step] = skill, answer, 1
        there = laid[2] == 1
        first = np.full((shape[0], 1), 2 * len(self.skills) + 2)
        before = np.concatenate([first, (2 * laid[0] + np.where(there, laid[1], 0))[:, :-1]], axis=1)
        known = np.zeros((*shape, len(self.features)), np.float32)
        known[student, step] = (matrix(columns, self.features) - self.mean) / self.scale
        return _Sequences(
            before=torch.from_numpy(before),
            skill=torch.from_numpy(laid[0]),
            known=torch.from_numpy(known),
            answer=torch.from_numpy(np.where(there, laid[1], 0)),
            there=torch.from_numpy(there),
            student=student,
            step=step,
        )

    def save(self, folder: Path) -> None:
        """Write `model.json` and `weights.npy`."""
        layout, flat = flatten(self.weights)
        description = {
            "kind": KIND,
            "skills": list(self.skills),
            "features": list(self.features),
            "outcome": self.outcome,
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "size": self.size._asdict(),
            "layout": layout,
            "weights": WEIGHTS_FILE,
        }
        write_description(folder, description)
        write_array(folder / WEIGHTS_FILE, flat)


def load_sequence(description: dict[str, Any], folder: Path) -> SequenceTransformer:
    """The model described by a `model.json` and its `weights.npy`."""
    return SequenceTransformer(
        tuple(description["skills"]),
        tuple(description["features"]),
        description["outcome"],
        np.array(description["mean"], np.float64),
        np.array(description["scale"], np.float64),
        Size(**description["size"]),
        unflatten(description["layout"], folder),
    )


def train_sequence(problem: Problem, *, seed: int, epochs: int = 10, batch: int = 32, rate: float = 3e-3) -> Trained:
    """Train on the mean log loss of all steps.

    Args:
        problem: Rows with student, skill, order and the outcome; its features are known before the answer.
        seed: Seed of the first weights and of the shuffles.
        epochs: Passes over the training students; one point of the curve each.
        batch: Students per step.
        rate: Learning rate.

    Returns:
        The model of the best epoch on the validation part, and the curve.
    """
    train, held = part(problem.columns, "train"), part(problem.columns, "validation")
    raw = matrix(train, problem.features)
    spread = raw.std(0)
    skills = tuple(str(skill) for skill in np.unique(train["skill"]))
    start = _first_weights(len(skills), len(problem.features), Size(), seed)
    scale = np.where(spread > 0, spread, 1.0)
    blank = SequenceTransformer(skills, problem.features, problem.outcome, raw.mean(0), scale, Size(), start)
    sequences = blank.sequences(train)
    curve: list[CurvePoint] = []

    def loss_of(weights: Tensors, rows: IntArray) -> Any:
        chosen = torch.from_numpy(rows)
        there = sequences.there[chosen]
        logits, answers = _logits(weights, sequences, chosen, blank.size), sequences.answer[chosen].float()
        return torch.nn.functional.binary_cross_entropy_with_logits(logits[there], answers[there])

    def measure(epoch: int, weights: Weights) -> float:
        model = blank._replace(weights=weights)
        curve.append(curve_point(epoch, problem, model.scores(train), model.scores(held)))
        return curve[-1]["validation_loss"]

    students = int(sequences.student.max()) + 1
    best = learn(start, loss_of, rows=students, batch=batch, epochs=epochs, rate=rate, seed=seed, after=measure)
    params = {**blank.size._asdict(), "epochs": epochs, "batch": batch, "rate": rate, "seed": seed}
    return Trained("small transformer", blank._replace(weights=best), params, curve)


def _first_weights(skills: int, features: int, size: Size, seed: int) -> Weights:
    rng = np.random.default_rng(seed)

    def table(rows: int) -> NDArray[np.float32]:
        return (0.3 * rng.standard_normal((rows, size.width))).astype(np.float32)

    tables = {"before": table(2 * skills + 3), "skill": table(skills + 1), "place": 0.1 * table(LONGEST)}
    return {**tables, "known": table(features), **draw_blocks(rng, size)}


def _logits(weights: Tensors, sequences: _Sequences, rows: Any, size: Size) -> Any:
    before = sequences.before[rows]
    place = torch.arange(before.shape[1]).clamp(max=LONGEST - 1)
    tokens = weights["before"][before] + weights["skill"][sequences.skill[rows]] + weights["place"][place]
    return run_blocks(weights, tokens + sequences.known[rows] @ weights["known"], size, causal=True)


def _steps(student: IntArray, order: NDArray[Any]) -> IntArray:
    """Each row's place (0, 1, ...) among its student's rows by order."""
    in_time = np.lexsort((order, student))
    starts = np.r_[True, np.diff(student[in_time]) != 0]
    first = np.maximum.accumulate(np.where(starts, np.arange(len(student)), 0))
    steps = np.empty(len(student), np.int64)
    steps[in_time] = np.arange(len(student)) - first
    return steps


def _numbers(skill: NDArray[Any], skills: tuple[str, ...]) -> IntArray:
    """A skill's number; skills never seen in training share the number after the last."""
    numbers = np.full(len(skill), len(skills))
    for number, name in enumerate(skills):
        numbers[skill == name] = number
    return numbers
