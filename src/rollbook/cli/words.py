"""Numbers, sizes, times and text as people read them."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

DASH = "-"
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_STEPS = ((60, "second"), (60, "minute"), (24, "hour"), (30, "day"), (12, "month"))
_ESCAPED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str, *, lines: bool = True) -> str:
    """The text with what would steer a terminal or reorder letters written out.

    Args:
        text: What a file, a tag or a description says.
        lines: Keep line ends and tabs; otherwise they become spaces.
    """
    shown = _ESCAPED.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
    return shown if lines else re.sub(r"\s+", " ", shown).strip()


def size(count: int | None) -> str:
    """Bytes in decimal units: `1.2 MB`."""
    if count is None:
        return DASH
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    digits = 0 if unit == 0 or value >= 99.5 else 1
    return f"{value:.{digits}f} {_UNITS[unit]}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 file`, `7,430 rows`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def moment(micros: int | None) -> str:
    """`2026-11-23 12:54:12 UTC`, from UTC microseconds."""
    if not micros:
        return DASH
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)).strftime("%Y-%m-%d %H:%M:%S UTC")


def ago(micros: int | None, now: int) -> str:
    """`3 minutes ago`."""
    if not micros:
        return DASH
    value = (now - micros) / 1e6
    if value < 0:
        return moment(micros)
    for step, unit in _STEPS:
        if value < step:
            return "just now" if unit == "second" and value < 10 else f"{counted(int(value), unit)} ago"
        value /= step
    return f"{counted(int(value), 'year')} ago"


def person(actor: str) -> str:
    """An actor without its kind: `user:ada` is `ada`."""
    return actor.removeprefix("user:")


def short(digest: object) -> str:
    """The start of a digest that still is a reference: `sha256:1f2e3d4c5b6a`."""
    algorithm, _, digits = str(digest).partition(":")
    return f"{algorithm}:{digits[:12]}"


def value(plain: Any) -> str:
    """A JSON value in one line; text as it is."""
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, default=str)


def number(figure: float | None, decimals: int = 3) -> str:
    """A number with so many decimals, or a dash."""
    return DASH if figure is None else f"{figure:z,.{decimals}f}"


def supported_decimals(low: float | None, high: float | None) -> int:
    """Decimals that an interval supports: the first uncertain digit and one more, between 1 and 4; 3 without one."""
    if low is None or high is None or high <= low:
        return 3
    return min(4, max(1, 1 - math.floor(math.log10((high - low) / 2))))


def interval(figure: float | None, low: float | None, high: float | None) -> str:
    """`0.838 [0.811, 0.862]`, rounded to what the interval supports."""
    decimals = supported_decimals(low, high)
    if figure is None or low is None or high is None:
        return number(figure, decimals)
    return f"{number(figure, decimals)} [{number(low, decimals)}, {number(high, decimals)}]"


def listed(parts: Iterable[str], room: int = 64) -> str:
    """Parts with commas between them, in lines of about so many characters."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) + 2 <= room:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
    return ",\n".join(lines)


def flattened(facts: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """`key = value` for each value of nested facts; inner keys are joined by dots."""
    for key, plain in facts.items():
        if isinstance(plain, Mapping) and plain:
            yield from flattened(cast("Mapping[str, Any]", plain), f"{prefix}{key}.")
        else:
            yield f"{prefix}{key} = {value(plain)}"


def shortened(text: str, room: int) -> str:
    """One line of at most so many characters; three dots where something was left out."""
    line = visible(text, lines=False)
    if len(line) <= room:
        return line
    cut = line[: room - 3].rstrip()
    while cut and unicodedata.combining(cut[-1]):
        cut = cut[:-1]
    return f"{cut}..."


def duration(micros: int) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    seconds = micros / 1e6
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
