"""Blocks on a terminal: columns that fold to its width, bold heads. rich honours NO_COLOR and dumb terminals."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from rollbook.cli.layout import Block, Facts, Heading, Table
from rollbook.cli.words import visible


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
                target.print(_table(block))
            case str():
                target.print(Text(visible(block)))


def _facts(pairs: tuple[tuple[str, str], ...]) -> Grid:
    grid = Grid(box=None, show_header=False, pad_edge=False, padding=(0, 0, 0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for label, value in pairs:
        grid.add_row(Text(label), Text(visible(value)))
    return grid


def _table(table: Table) -> Grid:
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in table.columns:
        grid.add_column(Text(column), justify="right" if column in table.right else "left", overflow="fold")
    for row in table.rows:
        grid.add_row(*(Text(visible(cell, lines=False)) for cell in row))
    return grid
