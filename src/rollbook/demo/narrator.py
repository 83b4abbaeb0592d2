"""What the demo says: numbered chapters, short lines, a table or two, a spinner while something takes time."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

_INDENT = "   "


class Narrator:
    """Tells a story on a console.

    Args:
        console: Where. Without a terminal there are no spinners and no colours, only the lines.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._chapters = 0
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the story began."""
        return time.monotonic() - self._started

    def title(self, text: str) -> None:
        """The name of the story."""
        self._console.print(Text(text, style="bold"))

    def chapter(self, text: str) -> None:
        """The next numbered heading."""
        self._chapters += 1
        self._console.print()
        self._console.print(Text(f"{self._chapters}. {text}", style="bold"))

    def say(self, text: str = "") -> None:
        """One paragraph; wrapped under its own indent."""
        grid = Table.grid()
        grid.add_column(width=len(_INDENT))
        grid.add_column(overflow="fold")
        grid.add_row("", Text(text))
        self._console.print(grid)

    @contextmanager
    def doing(self, text: str) -> Generator[None]:
        """A spinner with a text for as long as the block lasts."""
        with self._console.status(Text(text)):
            yield

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> None:
        """Rows under heads; the first `left` columns align to the left, numbers to the right."""
        grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_header=any(columns))
        grid.add_column("", width=len(_INDENT) - 2)
        for i, column in enumerate(columns):
            grid.add_column(Text(column), justify="left" if i < left else "right", no_wrap=True)
        for row in rows:
            grid.add_row("", *(Text(cell) for cell in row))
        self._console.print(grid)
