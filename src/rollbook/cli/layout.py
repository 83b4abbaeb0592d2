"""Blocks: the few shapes that all output for people is made of, and their plain text.

A block says what stands where, never how it looks: a terminal gets folding columns and bold heads, a pipe gets the same
words as aligned text. No meaning is carried by colour.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rollbook.cli.words import visible

_GAP = "  "


class Heading(NamedTuple):
    """A line that names what follows it."""

    text: str


class Facts(NamedTuple):
    """Labels with their values; a value may have several lines."""

    pairs: tuple[tuple[str, str], ...]


class Table(NamedTuple):
    """Rows under column heads.

    Attributes:
        columns: Heads, one per cell of a row.
        rows: Cells.
        right: Heads of the columns that align to the right.
        fold: Heads of the columns that fold first where a terminal is narrow; default the last.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[str, ...] = ()
    fold: tuple[str, ...] = ()


Block = str | Heading | Facts | Table


def plain(blocks: Iterable[Block]) -> Iterator[str]:
    """Lines of text, aligned, as wide as they need to be."""
    for block in blocks:
        match block:
            case Heading(text):
                yield visible(text)
            case Facts(pairs):
                yield from _facts(pairs)
            case Table():
                yield from _table(block)
            case str():
                yield visible(block)


def width(text: str) -> int:
    """Columns that a terminal needs for a text."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _facts(pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    room = max((width(label) for label, _ in pairs), default=0)
    for label, value in pairs:
        first, *others = visible(value).split("\n")
        yield f"{_GAP}{label}{' ' * (room - width(label))}{_GAP}{first}".rstrip()
        yield from (f"{_GAP}{' ' * room}{_GAP}{other}".rstrip() for other in others)


def _table(table: Table) -> Iterator[str]:
    lines = cells_of(table)
    widths = widths_of(lines)
    right = [column in table.right for column in table.columns]
    for line in lines:
        cells = (_pad(cell, room, right=to) for cell, room, to in zip(line, widths, right, strict=True))
        yield _GAP.join(cells).rstrip()


def cells_of(table: Table) -> list[tuple[str, ...]]:
    """The heads, then the rows, each cell in one visible line."""
    return [table.columns, *(tuple(visible(cell, lines=False) for cell in row) for row in table.rows)]


def widths_of(lines: Sequence[tuple[str, ...]]) -> list[int]:
    """How wide each column is."""
    return [max(width(line[index]) for line in lines) for index in range(len(lines[0]))]


def _pad(cell: str, room: int, *, right: bool) -> str:
    blank = " " * (room - width(cell))
    return blank + cell if right else cell + blank
