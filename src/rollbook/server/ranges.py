"""Which bytes a request asks for (RFC 9110, section 14). One range is answered; of several the whole is sent."""

from __future__ import annotations

import re
from typing import NamedTuple

from rollbook.model.errors import InvalidInput

_ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")


class Span(NamedTuple):
    """A range of bytes: the first, and the one after the last."""

    start: int
    stop: int


def parse_range(header: str | None, size: int) -> Span | None:
    """The range that a `Range` header asks for, or None for the whole.

    Args:
        header: The header, or None where there is none.
        size: Length of what is asked for.

    Raises:
        InvalidInput: It holds none of the bytes there are.
    """
    found = _ONE.match(header.replace(" ", "")) if header is not None else None
    if found is None or found.group(1) == found.group(2) == "" or size == 0:
        return None  # what is no range that we know is to be ignored; nothing is the whole of nothing
    first, last = found.groups()
    if not first:
        span = Span(max(0, size - int(last)), size)
    else:
        span = Span(int(first), min(size, int(last) + 1) if last else size)
        if last and int(last) < int(first):
            return None
    if span.start >= span.stop:
        raise InvalidInput(f"range {header!r} of {size:,} bytes", hint="ask for bytes that there are")
    return span
