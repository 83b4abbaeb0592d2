"""What was known about a student *before* each answer: features of the past, and of the past only.

Hints and time of a row are seen together with its answer, so they enter the features of later rows only. How hard a
problem is, is learned from the training students; a training student's own answers are left out of the rates that
describe their rows (out-of-fold), because a rate that contains the answer gives the answer away.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rollbook.demo.columns import PART, BoolArray, Columns, FloatArray, IntArray, length, select
from rollbook.demo.split import split_students

OUTCOME = "correct"
IDLE_SECONDS = 1800.0
"""A longer time on one problem means that the student was away."""

KNOWN_IN_ADVANCE = ("grade_level", "prior_performance", "item_rate", "skill_rate")
FEATURES = (
    *KNOWN_IN_ADVANCE,
    "attempts",
    "attempts_on_skill",
    "share_correct",
    "share_correct_on_skill",
    "recent_correct",
    "last_correct",
    "last_correct_on_skill",
    "mean_hints",
    "mean_log_seconds",
)
FOLDS = 5


class CleanedInteractions(NamedTuple):
    """What the cleaning run makes.

    Attributes:
        table: The raw columns of the kept rows, `row` (student/order), the part of the split and the features.
        roster: One row per student: student, grade_level, prior_performance (in bands) and what else `students` holds.
        repeated: Raw rows left out because they repeat the row before them.
        untimed: Kept rows whose time was missing or idle; the typical time of the rest stands in.
    """

    table: Columns
    roster: Columns
    repeated: int
    untimed: int


def clean(raw: Columns, students: Columns, *, seed: int) -> CleanedInteractions:
    """Drop repeated rows, repair times, split by student, add the features.

    Args:
        raw: Interactions as exported; rows of a student in their order.
        students: One row per student with student, grade_level, prior_performance.
        seed: Seed of the split and of the folds.

    Returns:
        The cleaned table, the roster and what was done.
    """
    first = ~_repeats(raw)
    rows = select(raw, first)
    time, usable = _repair_times(rows["time_on_problem"])
    rows["time_on_problem"] = time
    rows["row"] = np.char.add(np.char.add(rows["student"], "/"), rows["order"].astype(np.str_))
    rows[PART] = split_students(rows["student"], seed=seed, validation=0.15, test=0.35)
    table = rows | past_features(rows) | rates(rows, seed=seed)
    roster = students | {"prior_performance": _bands(students["prior_performance"])}
    return CleanedInteractions(table, roster, int((~first).sum()), int((~usable).sum()))


def past_features(rows: Columns) -> Columns:
    """Features of each row from the same student's earlier rows.

    Args:
        rows: student, order, skill, correct, hints, time_on_problem (seconds), in any order of rows.

    Returns:
        The columns of `FEATURES` that are not known in advance, aligned with the rows.
    """
    student = np.unique(rows["student"], return_inverse=True)[1]
    skill = np.unique(rows["skill"], return_inverse=True)[1]
    everything = _Past(student, rows["order"])
    on_skill = _Past(student * (int(skill.max(initial=0)) + 1) + skill, rows["order"])
    correct, hints = rows[OUTCOME].astype(np.float64), rows["hints"].astype(np.float64)
    return {
        "attempts": np.log1p(everything.count),
        "attempts_on_skill": np.log1p(on_skill.count),
        # One imagined right and one imagined wrong answer: a first attempt counts as "unknown", not as "always wrong".
        "share_correct": (everything.sum(correct) + 1) / (everything.count + 2),
        "share_correct_on_skill": (on_skill.sum(correct) + 1) / (on_skill.count + 2),
        "recent_correct": (everything.sum(correct, last=5) + 1) / (np.minimum(everything.count, 5) + 2),
        "last_correct": np.where(everything.count > 0, everything.sum(correct, last=1), 0.5),
        "last_correct_on_skill": np.where(on_skill.count > 0, on_skill.sum(correct, last=1), 0.5),
        "mean_hints": everything.sum(hints) / np.maximum(everything.count, 1),
        "mean_log_seconds": everything.sum(np.log(rows["time_on_problem"])) / np.maximum(everything.count, 1),
    }


def rates(rows: Columns, *, seed: int) -> Columns:
    """How often training students answer this problem, and this skill, correctly.

    Args:
        rows: student, item, skill, correct and the part of the split.
        seed: Seed of the folds of the training students.

    Returns:
        `item_rate` and `skill_rate`: from all training students for the rows of the others, and from the training
        students of the other folds for the rows of a training student. Items are drawn towards their skill by ten
        imagined answers.
    """
    train = rows[PART] == "train"
    fold = _folds(rows["student"], seed)
    skill_rate, item_rate = np.empty(length(rows)), np.empty(length(rows))
    for number in range(-1, FOLDS):
        described = ~train if number < 0 else train & (fold == number)
        source = train if number < 0 else train & (fold != number)
        overall = _share(rows[OUTCOME][source])
        skills = _smoothed(rows["skill"], rows[OUTCOME], source, np.full(length(rows), overall))
        items = _smoothed(rows["item"], rows[OUTCOME], source, skills)
        skill_rate[described], item_rate[described] = skills[described], items[described]
    return {"skill_rate": skill_rate, "item_rate": item_rate}


class _Past:
    """Sums over the earlier rows of the same group (a student, or a student on a skill)."""

    def __init__(self, group: IntArray, order: NDArray[Any]) -> None:
        self._sorted = np.lexsort((order, group))
        in_time = group[self._sorted]
        starts = np.r_[True, in_time[1:] != in_time[:-1]]
        self._place = np.arange(len(group))
        self._start = np.maximum.accumulate(np.where(starts, self._place, 0))
        self.count = self._back(self._place - self._start)

    def sum(self, values: FloatArray, last: int | None = None) -> FloatArray:
        """Sum of the group's earlier values, or of the `last` of them; 0 where there are none."""
        running = np.r_[0.0, np.cumsum(values[self._sorted])]
        begin = self._start if last is None else np.maximum(self._start, self._place - last)
        return self._back(running[self._place] - running[begin])

    def _back(self, values: NDArray[Any]) -> NDArray[Any]:
        aligned = np.empty_like(values)
        aligned[self._sorted] = values
        return aligned


def _repeats(raw: Columns) -> BoolArray:
    """Rows with the student and order of the row before them: one answer, sent twice."""
    again = (raw["student"][1:] == raw["student"][:-1]) & (raw["order"][1:] == raw["order"][:-1])
    return np.r_[False, again]


def _repair_times(seconds: FloatArray) -> tuple[FloatArray, BoolArray]:
    usable = np.isfinite(seconds) & (seconds > 0) & (seconds < IDLE_SECONDS)
    return np.where(usable, seconds, np.median(seconds[usable])), usable


def _bands(score: FloatArray) -> NDArray[np.str_]:
    """Prior performance as three bands, as a teacher would group a class."""
    return np.select([score < 65, score < 75], ["low", "middle"], default="high")


def _folds(student: NDArray[Any], seed: int) -> IntArray:
    names, row = np.unique(student, return_inverse=True)
    return (np.random.default_rng(seed + 1).permutation(len(names)) % FOLDS)[row]


def _share(outcome: NDArray[Any]) -> float:
    return float((outcome.sum() + 1) / (len(outcome) + 2))


def _smoothed(key: NDArray[Any], outcome: NDArray[Any], source: BoolArray, towards: FloatArray) -> FloatArray:
    """Share of ones per key among the source rows, drawn towards another rate by ten imagined rows."""
    index = np.unique(key, return_inverse=True)[1]
    ones = np.bincount(index[source], outcome[source], minlength=int(index.max()) + 1)
    count = np.bincount(index[source], minlength=int(index.max()) + 1)
    return (ones[index] + 10 * towards) / (count[index] + 10)
