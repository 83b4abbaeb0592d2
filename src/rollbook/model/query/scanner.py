"""Reading a query from left to right, one kind of word at a time."""

from __future__ import annotations

import json
import re
from typing import cast

from rollbook.model import instant
from rollbook.model.canonical import MAX_INTEGER, check_text
from rollbook.model.errors import InvalidInput
from rollbook.model.query.problems import wrong
from rollbook.model.query.tree import Literal

MAX_QUERY = 4096
"""Characters of a query."""

_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"[^\W\d][\w-]*")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'', re.DOTALL)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[Tt]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:[Zz]|[+-]\d{2}:\d{2}))?(?![\w-])")
_AGO = re.compile(r"-\d{1,6}[smhdw](?!\w)")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])")
_BARE = re.compile(r"[^\W\d][\w.:/@-]*")
_INFINITE = re.compile(r"[+-]?(?:inf|nan)(?![\w.:/@-])")
_REFERENCE = re.compile(r"[^\s()\"',]+")
_CONSTANTS: dict[str, Literal] = {
    "true": Literal("bool", True),
    "false": Literal("bool", False),
    "null": Literal("null", None),
}
_MICROSECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class Scanner:
    """A position in a query.

    Raises:
        InvalidInput: The query is too long, or holds what no store can hold.
    """

    def __init__(self, text: str) -> None:
        if len(text) > MAX_QUERY:
            raise InvalidInput(
                f"a query of {len(text):,} characters is too long: {text[:40]!r}...", hint=f"at most {MAX_QUERY:,}"
            )
        self.text = check_text(text, "the query")
        self.at = 0
        self.skip()

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return self.at == len(self.text)

    def skip(self) -> None:
        """Pass over white space."""
        space = _SPACE.match(self.text, self.at)
        assert space is not None  # it matches nothing as well
        self.at = space.end()

    def take(self, pattern: re.Pattern[str]) -> str:
        """What the pattern matches here, or ""; white space behind it is passed over."""
        found = pattern.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        self.skip()
        return found[0]

    def word(self, *words: str) -> str:
        """One of these words, in small letters and whatever case it is written in, or ""."""
        found = _WORD.match(self.text, self.at)
        if found is None or found[0].lower() not in words:
            return ""
        return self.take(_WORD).lower()

    def key(self) -> str | None:
        """A key of a path, bare or quoted, or None. No white space is passed over behind it."""
        found = _WORD.match(self.text, self.at) or _QUOTED.match(self.text, self.at)
        if found is None:
            return None
        start, self.at = self.at, found.end()
        return found[0] if found[0][0] not in "\"'" else self._unquote(found[0], start)

    def mark(self, *marks: str) -> str:
        """The first of these that stands here, or ""."""
        found = next((mark for mark in marks if self.text.startswith(mark, self.at)), "")
        self.at += len(found)
        self.skip()
        return found

    def reference(self) -> str:
        """A reference to a version, bare or quoted, or ""."""
        start = self.at
        quoted = self.take(_QUOTED)
        return self._unquote(quoted, start) if quoted else self.take(_REFERENCE)

    def value(self) -> Literal:
        """A value.

        Raises:
            InvalidInput: None stands here, or it cannot be read.
        """
        start = self.at
        if quoted := self.take(_QUOTED):
            return Literal("text", self._unquote(quoted, start))
        if date := self.take(_DATE):
            return Literal("date", self._date(date, start))
        if ago := self.take(_AGO):
            return Literal("ago", ago)
        if number := self.take(_INFINITE) or self.take(_NUMBER):
            return Literal("number", self._number(number, start))
        if bare := self.take(_BARE):
            return _CONSTANTS.get(bare.lower(), Literal("text", bare))
        raise wrong(
            self.text,
            start,
            "a value is missing here",
            hint='a value is "text", 0.5, true, null, 2026-05-01 or -7d',
        )

    def _unquote(self, quoted: str, start: int) -> str:
        inner = quoted if quoted[0] == '"' else '"' + quoted[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
        try:
            return check_text(cast(str, json.loads(inner, strict=False)), "text")
        except (ValueError, InvalidInput) as error:
            raise wrong(self.text, start, f"this text cannot be read: {error}", hint='quote it as JSON: "a\\nb"') from (
                error
            )

    def _date(self, text: str, start: int) -> str:
        try:
            instant.parse(text)
        except InvalidInput as error:
            raise wrong(self.text, start, error.message, hint=error.hint) from error
        return text.upper()

    def _number(self, text: str, start: int) -> int | float:
        whole = re.fullmatch(r"[+-]?\d+", text)
        number = int(text) if whole and len(text) <= 21 else float(text)
        if isinstance(number, int) and -MAX_INTEGER <= number < MAX_INTEGER:
            return number
        if isinstance(number, int) or (abs(number) == float("inf") and "inf" not in text):
            raise wrong(self.text, start, f"{text[:40]} is too large a number", hint="write inf for infinity")
        return number


def span_of(ago: str) -> int:
    """Microseconds of a span such as `-7d`, as a positive number."""
    return int(ago[1:-1]) * _MICROSECONDS[ago[-1]] * 1_000_000
