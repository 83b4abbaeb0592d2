"""Named columns of equal length: the form in which the demo's pure parts hand rows to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

PART = "part"
"""The column that says which part of the split a row belongs to: `train`, `validation` or `test`."""


def length(columns: Mapping[str, NDArray[Any]]) -> int:
    """Rows in the columns."""
    return len(next(iter(columns.values())))


def select(columns: Columns, rows: NDArray[Any]) -> Columns:
    """The rows under a mask or at positions."""
    return {name: values[rows] for name, values in columns.items()}


def part(columns: Columns, name: str) -> Columns:
    """The rows of one part of the split."""
    return select(columns, columns[PART] == name)


def matrix(columns: Mapping[str, NDArray[Any]], names: Sequence[str]) -> FloatArray:
    """The named columns side by side, shape (rows, names)."""
    return np.column_stack([columns[name].astype(np.float64) for name in names])
