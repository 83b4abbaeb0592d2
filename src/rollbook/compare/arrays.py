"""The array types of this room, and the one conversion that brings foreign values in."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]
Labels = npt.NDArray[Any]


def floats(values: npt.ArrayLike) -> Floats:
    """As float64. Stored float32 scores are widened first, so that clipping constants mean the same everywhere."""
    return np.asarray(values, dtype=np.float64)


def keys(values: npt.ArrayLike) -> Labels:
    """As an array of a sortable type: integers and text stay, objects (mixed or pandas text) become text."""
    array = np.asarray(values)
    return array.astype(np.str_) if array.dtype.kind not in "iuU" else array


def codes(values: Labels) -> tuple[Labels, Ints]:
    """Distinct values in sorted order, and for each element its position among them."""
    if values.dtype.kind in "iu" and len(values) and values.min() >= 0 and values.max() < 4 * len(values):
        return _small_codes(values)
    levels, inverse = np.unique(values, return_inverse=True)
    return levels, np.asarray(inverse, dtype=np.int64).reshape(-1)


def _small_codes(values: Labels) -> tuple[Labels, Ints]:
    """The same without sorting, for integers that are small enough to be counted."""
    small = values.astype(np.int64)
    seen = np.bincount(small) > 0
    return np.flatnonzero(seen).astype(values.dtype), (np.cumsum(seen, dtype=np.int64) - 1)[small]


def count_distinct(code: Ints) -> int:
    """How many different codes there are."""
    return int(np.count_nonzero(np.bincount(code)))


def sum_by(code: Ints, size: int, values: Floats) -> Floats:
    """Sums of `values`, (n,) or (n, k), by code: (size,) or (size, k)."""
    if values.ndim == 1:
        return floats(np.bincount(code, weights=values, minlength=size))
    columns = [np.bincount(code, weights=values[:, k], minlength=size) for k in range(values.shape[1])]
    return floats(np.column_stack(columns))
