"""Group attributes: labels of any kind become text, and "not recorded" becomes a level like the others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rollbook.compare.arrays import Ints, Labels, codes
from rollbook.compare.data import EvaluationData
from rollbook.model.errors import InvalidInput

MISSING = "(missing)"
"""The level of a group attribute that stands for "not recorded"."""

# What NaN, NaT and pandas' NA become when somebody turns a column into text. "None" is left alone: it is a real answer.
_NOTHING = ("", "nan", "NaT", "<NA>")


class Attribute(NamedTuple):
    """A group attribute: level names in sorted order, and a code per row."""

    levels: tuple[str, ...]
    code: Ints


def labels(evaluation: EvaluationData, name: str) -> Labels:
    """(n,) text labels of an attribute, `MISSING` where there is none.

    Raises:
        InvalidInput: The evaluation has no such attribute.
    """
    if name not in evaluation.groups:
        known = ", ".join(sorted(evaluation.groups)) or "none"
        raise InvalidInput(f"{evaluation.label} has no attribute {name!r}", hint=f"it has: {known}")
    return text_labels(evaluation.groups[name])


def text_labels(values: Labels) -> Labels:
    """(n,) text labels, `MISSING` where there is none."""
    column = np.asarray(values)
    if column.dtype.kind in "iub":
        return column.astype(np.str_)
    if column.dtype.kind == "U":
        return np.where(np.isin(column, _NOTHING), MISSING, column)
    # Few distinct labels on many rows: name each once.
    names: dict[object, str] = {}
    return np.array([names.get(v) or names.setdefault(v, _label(v)) for v in column.tolist()], dtype=np.str_)


def attribute_of(values: Labels) -> Attribute:
    """Levels and codes of labels of any kind."""
    column = np.asarray(values)
    if column.dtype.kind not in "iu":
        return attribute(text_labels(column))
    # Distinct numbers are few: only they become text, and only they are sorted as text.
    found, code = codes(column)
    levels, renamed = codes(found.astype(np.str_))
    return Attribute(tuple(str(level) for level in levels), renamed[code])


def attribute(ordered: Labels) -> Attribute:
    """Levels and codes of text labels."""
    levels, code = codes(ordered)
    return Attribute(tuple(str(level) for level in levels), code)


def _label(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return MISSING if value is None or str(value) in _NOTHING else str(value)
