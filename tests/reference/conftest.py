"""The fixtures with known answers: inputs, and what independent libraries say about them (versions in the file)."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parent


def columns(name: str) -> dict[str, np.ndarray]:
    with (HERE / name).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    text = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    return {key: values.astype(float) if _numeric(values) else values for key, values in text.items()}


def _numeric(values: np.ndarray) -> bool:
    return all(value.replace(".", "", 1).isdigit() for value in values)


@pytest.fixture(scope="session")
def f1() -> dict[str, np.ndarray]:
    """40 rows of 20 students: student, gender, band, y, scores pa and pb, weight w."""
    return columns("f1_binary.csv")


@pytest.fixture(scope="session")
def f2() -> dict[str, np.ndarray]:
    """20 essays: two human scores h1 and h2, machine score m, group."""
    return columns("f2_essay.csv")


@pytest.fixture(scope="session")
def expected() -> dict[str, Any]:
    """What other libraries answer."""
    return json.loads((HERE / "fixtures.json").read_text(encoding="utf-8"))
