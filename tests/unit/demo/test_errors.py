from __future__ import annotations

import numpy as np

from rollbook.demo.errors import mean_per_student


def test_every_student_counts_once_whatever_their_rows() -> None:
    student = np.array(["b", "a", "b", "b", "c"])
    error = np.array([0.3, 0.5, 0.6, 0.0, 1.0])
    np.testing.assert_allclose(mean_per_student(student, error), [0.5, 0.3, 1.0])
