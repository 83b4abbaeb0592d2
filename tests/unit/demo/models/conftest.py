"""One small problem for all models: tutoring histories, where order, skills and features all matter."""

from __future__ import annotations

import pytest

from rollbook.demo.histories import FEATURES, OUTCOME, clean
from rollbook.demo.models.base import Problem
from rollbook.synthetic.tutoring import TutoringPlan, generate_tutoring


@pytest.fixture(scope="session")
def problem() -> Problem:
    course = generate_tutoring(TutoringPlan(students=150, interactions=30), seed=21)
    return Problem(clean(course.interactions, course.students, seed=0).table, FEATURES, OUTCOME)
