"""A small world: students with several rows each, groups, and versions that know more or less about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rollbook.compare import EvaluationData


def _make(
    n_students: int = 300, per_student: int = 1, *, noise: float = 1.0, stream: int = 0, seed: int = 0, **given: Any
) -> EvaluationData:
    world = np.random.default_rng(seed)
    student = np.repeat(np.arange(n_students), per_student)
    own = np.repeat(world.normal(size=n_students), per_student)
    truth = (own + world.normal(size=len(student)) > 0.5).astype(float)
    # Streams of their own, so that different versions are about the same students.
    signal = own + noise * np.random.default_rng((seed, 1, stream)).normal(size=len(student))
    columns: dict[str, Any] = {
        "label": f"noise-{noise}:v1",
        "row": np.arange(len(student)),
        "student": student,
        "truth": truth,
        "score": 1 / (1 + np.exp(-(signal - 0.5))),
        "threshold": 0.5,
        "groups": {
            "gender": np.where(student % 2 == 0, "F", "M"),
            "band": np.array(["low", "mid", "high"])[student % 3],
        },
    }
    return EvaluationData(**(columns | given))


@pytest.fixture(scope="session")
def make() -> Callable[..., EvaluationData]:
    """Make an evaluation of `n_students` with `per_student` rows each.

    Versions of one `seed` are about the same students; `stream` varies what they know; other arguments replace columns.
    """
    return _make
