"""Ranks: every value as a short text, so that all values compare rightly as text in any database.

| rank | value |
|---|---|
| `a` | null |
| `b0`, `b1` | false, true |
| `d` + 16 digits | an instant |
| `e` | an empty list or object |
| `m` | NaN |
| `n` + 16 + 4 digits | a number: the double's bits in order, then how far a 64-bit integer lies from that double |
| `t` + text | text; of a longer text its first 200 characters and its SHA-256 |
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rollbook.model import instant
from rollbook.model.canonical import JSON
from rollbook.model.errors import InvalidInput
from rollbook.model.query.scanner import span_of
from rollbook.model.query.tree import Literal, spell

MAX_FACTS = 1000
"""Most values of one object's metadata, config or summary that can be searched."""

MAX_PATH = 255
WHOLE_TEXT = 200
"""Characters of a text that take part in its order."""

RANK_LIMIT = WHOLE_TEXT + 66
READ_AS_DATE = 1000
"""Positions from here on hold another reading of a value: text that is a date, as an instant."""

_SIGN = 1 << 63
_ALL = (1 << 64) - 1
_DAY = 86_400 * 1_000_000
_KINDS = {"a": "null", "b": "bool", "d": "date", "e": "empty", "m": "number", "n": "number", "t": "text"}


class Fact(NamedTuple):
    """One value that can be searched.

    Attributes:
        path: Its path as it is written in queries.
        position: Which value of its path it is, from 0.
        rank: See above.
        text: The whole text, where the rank does not hold it.
    """

    path: str
    position: int
    rank: str
    text: str | None = None


class Span(NamedTuple):
    """Ranks from `low` to `high`, both included."""

    low: str
    high: str


def rank(value: JSON) -> str:
    """The rank of a scalar."""
    if value is None:
        return "a"
    if isinstance(value, bool):
        return f"b{value:d}"
    if isinstance(value, int | float):
        return _number(value)
    assert isinstance(value, str)
    if len(value) <= WHOLE_TEXT:
        return f"t{value}"
    return f"t{value[:WHOLE_TEXT]}\x01{hashlib.sha256(value.encode()).hexdigest()}"


def rank_of_instant(at: int) -> str:
    """The rank of UTC microseconds."""
    return f"d{at + _SIGN:016x}"


def kind_of(ranked: str) -> str:
    """What a rank stands for: null, bool, date, number, text or empty."""
    return _KINDS[ranked[0]]


def span(literal: Literal, now: int) -> Span:
    """The ranks that equal a literal: one, or a day's instants where it is a bare date."""
    if literal.kind == "ago":
        only = rank_of_instant(max(now - span_of(str(literal.value)), -_SIGN))
        return Span(only, only)
    if literal.kind == "date":
        last = instant.parse(str(literal.value))
        first = last - _DAY + 1 if "T" not in str(literal.value) else last
        return Span(rank_of_instant(first), rank_of_instant(last))
    only = rank(literal.value)
    return Span(only, only)


def kind_bounds(ranked: str) -> Span:
    """A span that holds every rank of the same kind as this one, and no other; NaN stands beside all numbers."""
    return Span(ranked[0], chr(ord(ranked[0]) + 1))


def facts_of(*documents: Mapping[str, JSON]) -> tuple[list[Fact], bool]:
    """Every scalar in documents with its path, and whether that is all of them.

    A list's items share its path. Text that is an RFC 3339 date or time is there twice: as text and as an instant.
    """
    seen: dict[str, int] = {}
    found: list[Fact] = []
    whole = True
    for path, value in (scalar for document in documents for scalar in _scalars((), document)):
        if len(found) >= MAX_FACTS:
            return found, False
        if len(path) > MAX_PATH:
            whole = False
            continue
        position = seen.get(path, 0)
        seen[path] = position + 1
        found.extend(_readings(path, position, value))
    return found, whole


def _scalars(path: tuple[str, ...], value: JSON | Mapping[str, JSON]) -> Iterator[tuple[str, JSON]]:
    """Depth first; an empty container is a value of its own kind."""
    if isinstance(value, Mapping):
        if not value and path:
            yield spell(path), {}
        for key, item in value.items():
            yield from _scalars((*path, key), item)
    elif isinstance(value, list | tuple):
        if not value:
            yield spell(path), {}
        for item in value:
            yield from _scalars(path, item)
    else:
        yield spell(path), value


def _readings(path: str, position: int, value: JSON) -> Iterator[Fact]:
    if isinstance(value, dict):
        yield Fact(path, position, "e")
        return
    ranked = rank(value)
    long = isinstance(value, str) and len(value) > WHOLE_TEXT
    yield Fact(path, position, ranked, str(value) if long else None)
    if isinstance(value, str) and (at := _instant(value)) is not None:
        yield Fact(path, position + READ_AS_DATE, rank_of_instant(at))


def _instant(text: str) -> int | None:
    if not 10 <= len(text) <= 40 or not text[:4].isdecimal():
        return None
    try:
        at = instant.parse(text)
    except InvalidInput:
        return None
    return at - _DAY + 1 if len(text) == 10 else at  # a bare date begins with its first microsecond


def _number(value: float) -> str:
    if math.isnan(value):
        return "m"
    near = float(value) + 0.0  # -0.0 becomes 0.0
    (bits,) = struct.unpack(">Q", struct.pack(">d", near))
    ordered = bits ^ _ALL if bits & _SIGN else bits | _SIGN
    beside = value - int(near) if isinstance(value, int) else 0
    return f"n{ordered:016x}{beside + 0x8000:04x}"
