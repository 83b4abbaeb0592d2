"""Regular expressions of strangers: RE2, in time linear in the text, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

from rollbook.model.errors import InvalidInput

PATTERN_MEMORY = 1 << 20
"""Bytes that a compiled pattern may take; a pattern that needs more is refused."""


@lru_cache(maxsize=64)
def compiled(pattern: str) -> Callable[[str], Any]:
    """A function that searches a text for a pattern.

    Raises:
        InvalidInput: The pattern is wrong, asks for what cannot be matched in linear time, or is too large.
    """
    library: Any = import_module("re2")  # who never searches for a pattern does not wait for it
    options = library.Options()
    options.max_mem = PATTERN_MEMORY
    options.log_errors = False
    try:
        return library.compile(pattern, options).search
    except library.error as error:
        reason: Any = error.args[0]
        said = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise InvalidInput(
            f"the pattern {pattern!r} cannot be used: {said}", hint="patterns follow RE2: no (?=...), no \\1"
        ) from error


def matches(pattern: str, text: str | None) -> bool:
    """Whether a text holds a match."""
    return text is not None and compiled(pattern)(text) is not None
