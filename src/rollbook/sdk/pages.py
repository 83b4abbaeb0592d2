"""Whole lists from pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

ItemT_co = TypeVar("ItemT_co", covariant=True)


class Page(Protocol[ItemT_co]):
    """Some items of a list."""

    @property
    def items(self) -> tuple[ItemT_co, ...]:
        """The items."""
        ...

    @property
    def next(self) -> str | None:
        """What to ask for next; None after the last page."""
        ...


def gather(ask: Callable[[str | None], Page[ItemT_co]]) -> list[ItemT_co]:
    """Every item of a list.

    Args:
        ask: Gives a page: the first for None, any other for `next` of the page before.
    """
    page = ask(None)
    found = list(page.items)
    while page.next is not None:
        page = ask(page.next)
        found.extend(page.items)
    return found
