"""The one filter between the server and its log: secrets that found their way into a text are struck out.

Nothing here is asked to find payloads: those are never handed to the log in the first place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, cast

STRUCK = "[redacted]"
MAX_TEXT = 4_000
"""Longest text of one field, in characters."""
MAX_DEPTH = 4
MAX_ITEMS = 50

# Bounded, so that a long text cannot make the search slow.
_SECRET_WORD = (
    r"[\w.-]{0,40}(?:key|token|secret|passw(?:or)?d|passphrase|credential|signature|pepper)s?"  # noqa: S105
    r"(?:[_.-][\w.-]{0,40})?(?![A-Za-z])"
)
_RULES = (
    # A whole header: everything up to the end of its line, since a cookie has several parts.
    (re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)(['\"]?\s*[:=,]\s*)[^\r\n]+"), r"\1\2"),
    (re.compile(r"(?i)\b(bearer|basic)(\s+)[\w.~+/=-]{6,}"), r"\1\2"),
    (re.compile(r"([a-zA-Z][\w+.-]{0,20})(://)[^/@\s'\"]+@"), r"\1\2"),
    # `--api-key=x`, `--api-key x`, `password=x`, `"token": "x"`, `X-Amz-Signature=x`, `AWS_SECRET_ACCESS_KEY=x`.
    (re.compile(rf"(?i)(--{_SECRET_WORD})(\s+|=)[^\s&'\",;]+"), r"\1\2"),
    (re.compile(rf"(?i)(?<![\w-])({_SECRET_WORD})(['\"]?\s*[:=]\s*['\"]?)[^\s&'\",;]+"), r"\1\2"),
    # Our own keys, wherever they stand.
    (re.compile(r"\b(rb-)()\w{20,}"), r"\1\2"),
)


def redact(text: str) -> str:
    """A text without its secrets, cut where it is long."""
    shown = text[:MAX_TEXT]
    for pattern, kept in _RULES:
        shown = pattern.sub(kept + STRUCK, shown)
    return shown if len(text) <= MAX_TEXT else shown + "..."


def redact_value(value: Any, depth: int = 0) -> Any:
    """Any value for the log, with every text in it redacted; what is nested too deep or too long is cut."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes"
    if depth < MAX_DEPTH and isinstance(value, Mapping):
        pairs = islice(cast("Mapping[object, object]", value).items(), MAX_ITEMS)
        return {redact(str(name)): redact_value(item, depth + 1) for name, item in pairs}
    if depth < MAX_DEPTH and isinstance(value, list | tuple):
        items = islice(cast("Sequence[object]", value), MAX_ITEMS)
        return [redact_value(item, depth + 1) for item in items]
    return redact(str(value))
