"""Blocks on a terminal: columns that fold to its width, bold heads. rich honours NO_COLOR and dumb terminals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from rollbook.cli.layout import Block, Facts, Heading, Table, cells_of, widths_of
from rollbook.cli.words import visible

_GAP = "  "
_LEAST = 12
"""Characters that a folding column gets at least, before the others fold as well."""


def write(blocks: Iterable[Block], console: Console | None = None) -> None:
    """Write blocks to a terminal.

    Args:
        blocks: What to show.
        console: Where; default stdout.
    """
    target = console or Console(highlight=False, markup=False, emoji=False)
    for block in blocks:
        match block:
            case Heading(text):
                target.print(Text(visible(text), style="bold"))
            case Facts(pairs):
                target.print(_facts(pairs))
            case Table():
                target.print(_table(block, target.width))
            case str():
                target.print(Text(visible(block)))


def _facts(pairs: tuple[tuple[str, str], ...]) -> Grid:
    grid = Grid(box=None, show_header=False, pad_edge=False, padding=(0, 0, 0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for label, value in pairs:
        grid.add_row(Text(label), Text(visible(value)))
    return grid


def _table(table: Table, room: int) -> Grid:
    grid = Grid(box=None, pad_edge=False, padding=(0, len(_GAP), 0, 0), header_style="bold")
    lines = cells_of(table)
    folding = _folding(table, lines, room)
    for column in table.columns:
        justify = "right" if column in table.right else "left"
        grid.add_column(Text(column), justify=justify, overflow="fold", no_wrap=column not in folding)
    for line in lines[1:]:
        grid.add_row(*map(Text, line))
    return grid


def _folding(table: Table, lines: Sequence[tuple[str, ...]], room: int) -> Collection[str]:
    """The columns that may fold: those that should, or all where the others alone would fill the line."""
    chosen = table.fold or table.columns[-1:]
    columns = zip(table.columns, widths_of(lines), strict=True)
    least = sum(len(_GAP) + (min(width, _LEAST) if column in chosen else width) for column, width in columns)
    return chosen if least <= room else table.columns
