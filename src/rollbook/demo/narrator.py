"""What the demo says: numbered chapters, short lines, a table or two, a spinner while something takes time."""

from __future__ import annotations

import textwrap
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
        """One paragraph, wrapped; nothing for an empty line."""
        filled = textwrap.fill(
            text,
            max(40, self._console.width),
            initial_indent=_INDENT,
            subsequent_indent=_INDENT,
            break_on_hyphens=False,
            break_long_words=False,
        )
        self._console.print(Text(filled), soft_wrap=True)

    def type(self, commands: Sequence[tuple[str, str]]) -> None:
        """Lines to copy: a command and, behind a `#`, what it shows."""
        short = [len(command) for command, what in commands if what]
        for command, what in commands:
            line = f"{command:<{max(short)}}  # {what}" if what else command
            self._console.print(Text(_INDENT + line), soft_wrap=True)

    @contextmanager
    def doing(self, text: str) -> Generator[None]:
        """A spinner with a text for as long as the block lasts."""
        with self._console.status(Text(text)):
            yield

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: int) -> None:
        """Rows under heads; the first `left` columns align to the left, the others to the right."""
        grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        grid.add_column("", width=len(_INDENT) - 2)
        for i, column in enumerate(columns):
            grid.add_column(Text(column), justify="left" if i < left else "right", overflow="fold")
        for row in rows:
            grid.add_row("", *(Text(cell) for cell in row))
        self._console.print(grid)
