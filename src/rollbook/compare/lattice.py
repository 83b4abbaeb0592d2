"""The declared groups of a set of rows, and the finest cells that all of them are made of.

A cell holds the rows that share every declared attribute. Any group (everyone, one attribute, an intersection, a filter
over declared attributes) is a set of cells, so what is summed once per cell answers for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rollbook.compare.arrays import Bools, Codes, Ints, Labels, codes
from rollbook.compare.attributes import attribute_of
from rollbook.model.errors import InvalidInput

MAX_CELLS = 20_000
"""Beyond this a cube would be mostly empty: band an attribute instead."""


class Group(NamedTuple):
    """A group of a grouping: what its rows have in common. Everyone has neither attribute nor value."""

    attributes: tuple[str, ...]
    values: tuple[str, ...]


class Lattice(NamedTuple):
    """Cells of n rows, and groups made of cells.

    Attributes:
        attributes: Names, in the order of `cells`.
        levels: Level names of each attribute, sorted.
        cells: (cells, attributes) level of each attribute.
        tag: (n,) twice the cell of each row, plus 1 where the truth is 1.
        n_rows: (cells, 2) rows by truth.
        n_students: (cells, 3) distinct students: with truth 0, with truth 1, with either.
        whole: Whether no student is in two cells, so that students of cells may be added up.
        one_row_each: Whether no student has two rows.
        groups: Groups of the declared groupings; the first is everyone.
        member: (cells, groupings) the group that a cell belongs to in each grouping; column 0 is everyone.
    """

    attributes: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    cells: Ints
    tag: Codes
    n_rows: Ints
    n_students: Ints
    whole: bool
    one_row_each: bool
    groups: tuple[Group, ...]
    member: npt.NDArray[np.int32]

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.tag)

    def chosen(self, where: Mapping[str, Sequence[str]]) -> Bools:
        """(cells,) which cells a filter keeps: for each attribute named, one of the levels named.

        Raises:
            InvalidInput: An attribute or level does not exist.
        """
        kept = np.ones(len(self.cells), dtype=np.bool_)
        for name, wanted in where.items():
            position = self._position(name)
            known = self.levels[position]
            unknown = sorted(set(wanted) - set(known))
            if unknown:
                raise InvalidInput(f"{name} has no level {unknown[0]!r}", hint=f"one of {', '.join(known[:20])}")
            kept &= np.isin(self.cells[:, position], [known.index(level) for level in wanted])
        return kept

    def _position(self, name: str) -> int:
        if name not in self.attributes:
            known = ", ".join(self.attributes) or "none"
            raise InvalidInput(f"attribute {name!r} was not declared", hint=f"declared: {known}")
        return self.attributes.index(name)


def lattice(
    truth: Labels, student: Ints, attributes: Mapping[str, Labels], by: Sequence[tuple[str, ...]] | None = None
) -> Lattice:
    """Code the rows once, for every version that was evaluated on them.

    Args:
        truth: (n,) 0 or 1.
        student: (n,) integer codes of students, small and from 0.
        attributes: Attribute name to (n,) labels; missing labels are a level of their own.
        by: Groupings; None for each attribute alone.

    Raises:
        InvalidInput: There are more than `MAX_CELLS` cells, or a grouping names an attribute that is not given.
    """
    names = tuple(attributes)
    coded = [attribute_of(attributes[name]) for name in names]
    levels = tuple(found.levels for found in coded)
    combined = np.zeros(len(truth), dtype=np.int64)
    for found in coded:
        combined = combined * len(found.levels) + found.code
    present, cell = codes(combined)
    if len(present) > MAX_CELLS:
        raise InvalidInput(
            f"{' x '.join(names)} make {len(present):,} cells, more than {MAX_CELLS:,}",
            hint="band an attribute (for example age into ranges), or declare fewer",
        )
    positive = np.asarray(truth, dtype=np.bool_)
    cells = _levels_of(present, [len(found) for found in levels])
    groupings = tuple((name,) for name in names) if by is None else tuple(by)
    groups, member = _groups(names, levels, cells, groupings)
    seen = np.bincount(student)
    one_row_each = bool(seen.max(initial=0) <= 1)
    n_rows = np.bincount(2 * cell + positive, minlength=2 * len(present)).reshape(-1, 2).astype(np.int64)
    students = np.column_stack([n_rows, n_rows.sum(axis=1)]) if one_row_each else _students(cell, student, positive)
    return Lattice(
        attributes=names,
        levels=levels,
        cells=cells,
        tag=_narrow(2 * cell + positive, 2 * len(present)),
        n_rows=n_rows,
        n_students=students,
        whole=int(students[:, 2].sum()) == int(np.count_nonzero(seen)),
        one_row_each=one_row_each,
        groups=groups,
        member=member,
    )


def _narrow(tag: Ints, size: int) -> Codes:
    """The same in the fewest bytes: a sweep reads them in no order, and what fits the cache is fast."""
    return tag.astype(np.uint16) if size <= 2**16 else tag.astype(np.uint32)


def _levels_of(present: Labels, sizes: Sequence[int]) -> Ints:
    """(cells, attributes) from codes in mixed radix."""
    rest = np.asarray(present, dtype=np.int64)
    columns: list[Ints] = []
    for size in reversed(sizes):
        columns.append(rest % size)
        rest = rest // size
    return np.column_stack(columns[::-1]) if columns else np.zeros((len(rest), 0), dtype=np.int64)


def _students(cell: Ints, student: Ints, positive: Bools) -> Ints:
    """(cells, 3) distinct students with truth 0, with truth 1, and with either."""
    n_cells = int(cell.max()) + 1
    pairs = student * n_cells + cell
    columns = [np.unique(pairs[chosen]) for chosen in (~positive, positive, np.ones(len(cell), dtype=np.bool_))]
    return np.column_stack([np.bincount(found % n_cells, minlength=n_cells) for found in columns]).astype(np.int64)


def _groups(
    names: tuple[str, ...], levels: tuple[tuple[str, ...], ...], cells: Ints, by: Sequence[tuple[str, ...]]
) -> tuple[tuple[Group, ...], npt.NDArray[np.int32]]:
    groups = [Group((), ())]
    member = [np.zeros(len(cells), dtype=np.int64)]
    for grouping in by:
        unknown = [name for name in grouping if name not in names]
        if unknown:
            raise InvalidInput(f"attribute {unknown[0]!r} is not given", hint=f"one of {', '.join(names)}")
        columns = [names.index(name) for name in grouping]
        code = np.zeros(len(cells), dtype=np.int64)
        for column in columns:
            code = code * len(levels[column]) + cells[:, column]
        combinations = list(product(*(levels[column] for column in columns)))
        present, local = codes(code)
        member.append(local + len(groups))
        groups += [Group(grouping, combinations[int(index)]) for index in present]
    return tuple(groups), np.column_stack(member).astype(np.int32)
