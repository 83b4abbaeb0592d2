"""The word that stands for a place in the answers to one question."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, cast

from rollbook.catalog.search_pages import Place
from rollbook.model.canonical import JSON, decode, encode
from rollbook.model.errors import InvalidInput
from rollbook.model.query.ranks import RANK_LIMIT

_LIMIT = 2000
_KEYS = 2**63


def write_cursor(place: Place, question: str) -> str:
    """A word for a place, which belongs to this question alone."""
    lacks, rank, subject, row = place
    parts: list[JSON] = [_sum(question), lacks, rank, subject, row]
    return base64.urlsafe_b64encode(encode(parts)).rstrip(b"=").decode()


def read_cursor(word: str, question: str) -> Place:
    """The place that a word stands for.

    Raises:
        InvalidInput: No page of this question ends with it.
    """
    try:
        if len(word) > _LIMIT:
            raise ValueError(word)
        data = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
        total, lacks, rank, subject, row = cast("list[Any]", decode(data))
        fits = total == _sum(question) and isinstance(lacks, bool) and isinstance(rank, str) and len(rank) <= RANK_LIMIT
        if not fits or not all(type(key) is int and -_KEYS <= key < _KEYS for key in (subject, row)):
            raise ValueError(word)
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInput(
            f"{word[:40]!r} asks for no page of this search", hint="pass on `next` of the page before, and ask the same"
        ) from error
    return Place(lacks, rank, subject, row)


def _sum(question: str) -> str:
    return hashlib.sha256(question.encode()).hexdigest()[:12]
