"""What the shell offers behind Tab: collections, aliases and versions of the project at hand.

Completion never complains: where the register cannot be read there is nothing to offer.
"""

from __future__ import annotations

from collections.abc import Callable

import typer

from rollbook.cli.call import Call
from rollbook.model.errors import RollbookError

_MOST = 50


def complete_collection(context: typer.Context, incomplete: str) -> list[str]:
    """Collections that begin so."""

    def names() -> list[str]:
        found = (item.name for item in Call.of(context).api().collections())
        return [name for name in found if name.startswith(incomplete)]

    return _quietly(names)


def complete_reference(context: typer.Context, incomplete: str) -> list[str]:
    """Collections that begin so; behind a colon, the collection's versions and aliases."""
    collection, has_selector, _ = incomplete.partition(":")
    if not has_selector:
        return complete_collection(context, incomplete)

    def selectors() -> list[str]:
        versions = Call.of(context).api().artifacts(collection)
        aliases = [alias for version in versions for alias in version.aliases]
        names = (f"{collection}:{selector}" for selector in (*aliases, *(version.version for version in versions)))
        return [name for name in names if name.startswith(incomplete)]

    return _quietly(selectors)


def _quietly(find: Callable[[], list[str]]) -> list[str]:
    try:
        return find()[:_MOST]
    except RollbookError:
        return []
