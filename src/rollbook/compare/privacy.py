"""Which groups are withheld, decided once for every version and metric of a comparison.

Primary: a group whose number rests on too few students. Complementary: a group without which a withheld one could be
had by subtraction from a total. One mask for all versions and metrics: two masks that differ could be combined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

Key = tuple[tuple[str, ...], tuple[str, ...]]
"""Attributes and their values; both empty for everyone."""

Line = list[Key]
"""Groups that together make up a group which may be shown: hiding exactly one of them hides nothing."""


def withheld(sizes: Mapping[Key, int], exposed: frozenset[Key], minimum: int) -> frozenset[Key]:
    """The groups to withhold; applying it to its own result changes nothing.

    Args:
        sizes: Fewest distinct students behind any number of the group, for every group of every grouping.
        exposed: Groups with a number that gives students away although there are enough of them.
        minimum: Fewest students a shown number may stand for.
    """
    hidden = {key for key, size in sizes.items() if size < minimum} | set(exposed)
    lines = _lines(sizes)
    while more := _implied(sizes, hidden, lines, minimum):
        hidden |= more
    return frozenset(hidden)


def _implied(sizes: Mapping[Key, int], hidden: set[Key], lines: list[Line], minimum: int) -> set[Key]:
    """Groups that must follow those already hidden; empty when nothing leaks."""
    parts = {key for key in sizes if key not in hidden and any(parent in hidden for parent in _parents(key))}
    if parts:
        return parts
    for line in lines:
        chosen = _complement(sizes, hidden, line, minimum)
        if chosen is not None:
            return {chosen}
    return set()


def _complement(sizes: Mapping[Key, int], hidden: set[Key], line: Line, minimum: int) -> Key | None:
    """The smallest shown group of a line whose hidden groups could be computed from the others, or None."""
    inside = [key for key in line if key in hidden]
    shown = sorted((sizes[key], key) for key in line if key not in hidden)
    if not inside or not shown:
        return None
    if len(inside) == 1 or sum(sizes[key] for key in inside) < minimum:
        return shown[0][1]
    return None


def _lines(sizes: Mapping[Key, int]) -> list[Line]:
    """Every set of groups that share all coordinates but one, and every whole grouping."""
    lines: dict[object, Line] = {}
    for key in sorted(sizes):
        attributes, values = key
        if not attributes:
            continue
        lines.setdefault((attributes, "whole"), []).append(key)
        for axis in range(len(attributes)):
            rest = values[:axis] + values[axis + 1 :]
            lines.setdefault((attributes, axis, rest), []).append(key)
    return list(lines.values())


def _parents(key: Key) -> Iterator[Key]:
    """The coarser groups that contain this one, with attributes in the same order."""
    attributes, values = key
    for depth in range(len(attributes)):
        for kept in combinations(range(len(attributes)), depth):
            yield tuple(attributes[i] for i in kept), tuple(values[i] for i in kept)
