"""Pages as callers see them: items, and an opaque word that asks for the next."""

from __future__ import annotations

import base64
import binascii

from rollbook.model.errors import InvalidInput

PAGE = 1000
"""Most items of one page."""


def word_of(cursor: int | str | None) -> str | None:
    """The word that stands for a place in a list; None stays None."""
    if cursor is None:
        return None
    text = f"i{cursor}" if isinstance(cursor, int) else f"s{cursor}"
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def number_in(word: str | None) -> int | None:
    """The number that a word stands for.

    Raises:
        InvalidInput: The word is not one of those that a page of numbers gives.
    """
    text = _read(word, "i")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise _misread(word)
    return int(text)


def name_in(word: str | None) -> str:
    """The name that a word stands for, or "" for the first page.

    Raises:
        InvalidInput: The word is not one of those that a page of names gives.
    """
    return _read(word, "s") or ""


def _read(word: str | None, kind: str) -> str | None:
    if word is None:
        return None
    try:
        text = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error) as error:
        raise _misread(word) from error
    if not text.startswith(kind) or not text.isprintable():
        raise _misread(word)
    return text[1:]


def _misread(word: str | None) -> InvalidInput:
    return InvalidInput(f"{word!r} asks for no page of this list", hint="pass on `next` of the page before")
