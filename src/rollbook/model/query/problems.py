"""What is wrong with a query, shown where it is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from rollbook.model.errors import InvalidInput

_SHOWN = 72
_NEAR = 3
_LISTED = 20


def wrong(query: str, column: int, what: str, *, hint: str = "") -> InvalidInput:
    """The error for a query that is wrong at a column (from 0), with the line and a caret under the place."""
    start = max(0, column - _SHOWN // 2)
    shown = "".join(letter if letter.isprintable() else " " for letter in query[start : start + _SHOWN])
    caret = " " * (column - start) + "^"
    message = f"{what} (column {column + 1})\n  {shown}\n  {caret}"
    return InvalidInput(message, hint=hint or "see 'rollbook search --help'")


def near(name: str, known: Iterable[str]) -> str:
    """`did you mean ...`, or what there is where nothing is like the name, or "" where there is nothing."""
    there = sorted(known)
    found = difflib.get_close_matches(name, there, n=_NEAR, cutoff=0.6)
    if found:
        return f"did you mean {' or '.join(found)}?"
    more = " ..." if len(there) > _LISTED else ""
    return f"there is {', '.join(there[:_LISTED])}{more}" if there else ""
