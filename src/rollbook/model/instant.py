"""Instants: UTC microseconds since 1970 as plain integers, and their RFC 3339 text."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from rollbook.model.errors import InvalidInput

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?([Zz]|[+-]\d{2}:\d{2})\Z")


def from_datetime(moment: datetime) -> int:
    """Microseconds of an aware datetime."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def parse(text: str, zone: tzinfo = UTC) -> int:
    """Read an RFC 3339 date or time. A bare date means its last microsecond in `zone`.

    Raises:
        InvalidInput: The text is neither, or names a day that does not exist.
    """
    try:
        if _DATE.match(text):
            return _micros(datetime.combine(date.fromisoformat(text), time.max, tzinfo=zone))
        if _TIME.match(text):
            return _micros(datetime.fromisoformat(text.upper()))
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"{text!r} is not a real date: {error}", hint="for example 2026-05-01") from error
    raise InvalidInput(
        f"{text[:60]!r} is not an instant", hint="a date (2026-05-01) or a time with zone (2026-05-01T12:00:00Z)"
    )


def _micros(moment: datetime) -> int:
    """The same moment in UTC, which has to be a day of the calendar there too."""
    return from_datetime(moment.astimezone(UTC))


def to_text(micros: int) -> str:
    """RFC 3339 in UTC with microseconds, such as `2026-05-01T12:00:00.000000Z`."""
    return (_EPOCH + timedelta(microseconds=micros)).isoformat(timespec="microseconds").replace("+00:00", "Z")
