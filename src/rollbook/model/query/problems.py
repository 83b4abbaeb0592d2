"""What is wrong with a query, shown where it is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from rollbook.model.errors import InvalidInput

_SHOWN = 72
_NEAR = 3


def wrong(query: str, column: int, what: str, *, hint: str = "") -> InvalidInput:
    """The error for a query that is wrong at a column (from 0), with the line and a caret under the place."""
    start = max(0, column - _SHOWN // 2)
    shown = "".join(letter if letter.isprintable() else " " for letter in query[start : start + _SHOWN])
    caret = " " * (column - start) + "^"
    message = f"the query is wrong at column {column + 1}: {what}\n  {shown}\n  {caret}"
    return InvalidInput(message, hint=hint or "see 'rollbook search --help'")


def near(name: str, known: Iterable[str]) -> str:
    """`did you mean ...`, or "" where nothing is like the name."""
    found = difflib.get_close_matches(name, list(known), n=_NEAR, cutoff=0.6)
    return f"did you mean {' or '.join(found)}?" if found else ""
