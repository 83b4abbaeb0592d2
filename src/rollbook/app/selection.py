"""Which rows of an evaluation count: those that the caller asks for, of those that the caller may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from rollbook.compare import EvaluationData
from rollbook.compare.attributes import labels
from rollbook.model.errors import InvalidInput


def where(data: EvaluationData, values: Mapping[str, str]) -> EvaluationData:
    """Only the rows whose attributes have the given values.

    Raises:
        InvalidInput: There is no such attribute, or no such row.
    """
    if not values:
        return data
    wanted = ", ".join(f"{name}={value}" for name, value in values.items())
    return _kept(data, _matching(data, values), f"no row has {wanted}", "see the groups with --by")


def taught(data: EvaluationData, segments: Sequence[str] | None) -> EvaluationData:
    """Only the rows of students that an educator teaches.

    Attributes are those of the moment of each row: the roster was joined at the row's time. A student who left the
    class counts with what was predicted before.

    Args:
        data: The evaluation, with its roster's attributes.
        segments: `key=value{,key=value}`, any of which a row must match in full; None for every row.

    Raises:
        InvalidInput: There is no such attribute, or no such student.
    """
    if segments is None:
        return data
    mask = np.zeros(len(data.row), dtype=bool)
    for segment in segments:
        mask |= _matching(data, dict(part.split("=", 1) for part in segment.split(",")))
    return _kept(data, mask, f"{data.label} has no student of yours", f"you teach {' or '.join(segments)}")


def _matching(data: EvaluationData, values: Mapping[str, str]) -> Any:
    mask = np.ones(len(data.row), dtype=bool)
    for name, value in values.items():
        mask &= labels(data, name) == str(value)
    return mask


def _kept(data: EvaluationData, mask: Any, nothing: str, hint: str) -> EvaluationData:
    if not mask.any():
        raise InvalidInput(nothing, hint=hint)

    def kept(column: Any) -> Any:
        return None if column is None else np.asarray(column)[mask]

    return msgspec.structs.replace(
        data,
        row=kept(data.row),
        student=kept(data.student),
        truth=kept(data.truth),
        score=kept(data.score),
        prediction=kept(data.prediction),
        weight=kept(data.weight),
        groups={name: kept(column) for name, column in data.groups.items()},
    )
