"""Pages by key: the next page starts after a value of the last row, so that writers never shift what a reader sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from rollbook.model.errors import InvalidInput

PAGE_LIMIT = 1000
"""Most rows of one page."""

ItemT = TypeVar("ItemT")
CursorT = TypeVar("CursorT", int, str)


class Page(msgspec.Struct, Generic[ItemT, CursorT], frozen=True):
    """A page of rows.

    Attributes:
        items: The rows.
        next: What to pass to get the next page, or None when this was the last.
    """

    items: tuple[ItemT, ...]
    next: CursorT | None


def check_limit(limit: int) -> int:
    """Return `limit` if it is a page size.

    Raises:
        InvalidInput: It is not between 1 and `PAGE_LIMIT`.
    """
    if not 1 <= limit <= PAGE_LIMIT:
        raise InvalidInput(f"page size {limit}", hint=f"between 1 and {PAGE_LIMIT}")
    return limit


def page(rows: Sequence[ItemT], limit: int, cursor: Callable[[ItemT], CursorT]) -> Page[ItemT, CursorT]:
    """Cut a page from `rows`, which were read with one row more than `limit` to learn whether more follow."""
    items = tuple(rows[:limit])
    return Page(items, cursor(items[-1]) if len(rows) > limit else None)
