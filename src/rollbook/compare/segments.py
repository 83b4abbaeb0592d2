"""The parts of a cohort that numbers are computed for: everyone, and each group of each grouping."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rollbook.compare.arrays import Ints, codes
from rollbook.compare.cohort import Cohort
from rollbook.model.errors import InvalidInput


class Segment(NamedTuple):
    """Rows of a cohort that share their values of some attributes.

    Attributes:
        attributes: Names; empty for everyone.
        values: One value per name.
        rows: Positions in the cohort, ascending.
        students: Codes of the distinct students, ascending.
        local: For each row, the position of its student in `students`.
    """

    attributes: tuple[str, ...]
    values: tuple[str, ...]
    rows: Ints
    students: Ints
    local: Ints

    @property
    def n_students(self) -> int:
        """Distinct students."""
        return len(self.students)


def everyone(cohort: Cohort) -> Segment:
    """The segment of all rows."""
    return _segment(cohort, (), (), np.arange(len(cohort.truth), dtype=np.int64))


def partition(cohort: Cohort, attributes: tuple[str, ...], max_groups: int) -> tuple[Segment, ...]:
    """The non-empty groups of a grouping, in the order of their values.

    Raises:
        InvalidInput: There are more than `max_groups`.
    """
    combined = np.zeros(len(cohort.truth), dtype=np.int64)
    for name in attributes:
        combined = combined * len(cohort.attributes[name].levels) + cohort.attributes[name].code
    cells, code = codes(combined)
    if len(cells) > max_groups:
        raise InvalidInput(
            f"grouping by {' and '.join(attributes)} gives {len(cells)} groups, more than max_groups={max_groups}",
            hint="band the attribute (for example age into ranges), or raise max_groups",
        )
    order = np.asarray(np.argsort(code, kind="stable"), dtype=np.int64)
    ends = [int(end) for end in np.cumsum(np.bincount(code, minlength=len(cells)))]
    parts = [order[start:end] for start, end in pairwise([0, *ends])]
    return tuple(_segment(cohort, attributes, _values(cohort, attributes, part), part) for part in parts)


def _values(cohort: Cohort, attributes: tuple[str, ...], rows: Ints) -> tuple[str, ...]:
    """What the rows of one group have in common."""
    first = int(rows[0])
    return tuple(cohort.attributes[name].levels[int(cohort.attributes[name].code[first])] for name in attributes)


def _segment(cohort: Cohort, attributes: tuple[str, ...], values: tuple[str, ...], rows: Ints) -> Segment:
    students, local = codes(cohort.student[rows])
    return Segment(attributes, values, rows, students, local)
