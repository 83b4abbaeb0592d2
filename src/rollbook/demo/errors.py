"""How far predictions are from what each student then did: one number per student, from a stored evaluation."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rollbook.demo.columns import FloatArray
from rollbook.sdk.version import Version


class StudentErrors(NamedTuple):
    """Mean absolute error |score - truth| of each student.

    Attributes:
        median: Half of the students are above.
        worst_tenth: A tenth of the students is above.
        students: Number of students.
    """

    median: float
    worst_tenth: float
    students: int


def student_errors(evaluation: Version) -> StudentErrors:
    """Errors of an evaluation's students, read back from the register."""
    table: Any = evaluation.get("predictions")
    student, score, truth = (np.asarray(table.column(name)) for name in ("student", "score", "truth"))
    errors = mean_per_student(student, np.abs(score - truth))
    return StudentErrors(float(np.median(errors)), float(np.quantile(errors, 0.9)), len(errors))


def mean_per_student(student: Any, error: FloatArray) -> FloatArray:
    """Mean error of each distinct student."""
    index = np.unique(student, return_inverse=True)[1]
    return np.bincount(index, error) / np.bincount(index)
