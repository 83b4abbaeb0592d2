"""Instants: UTC microseconds, their text, and what is no instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.model import instant
from rollbook.model.errors import InvalidInput

FIRST, LAST = instant.parse("0001-01-01T00:00:00Z"), instant.parse("9999-12-31")


@given(st.integers(FIRST, LAST))
def test_text_reads_back(micros: int) -> None:
    text = instant.to_text(micros)
    assert instant.parse(text) == micros
    assert len(text) == 27
    assert text.endswith("Z")


@given(st.lists(st.integers(FIRST, LAST), min_size=2))
def test_texts_sort_as_times_do(moments: list[int]) -> None:
    assert [instant.to_text(moment) for moment in sorted(moments)] == sorted(map(instant.to_text, moments))


@given(st.datetimes(), st.integers(-14 * 60, 14 * 60))
def test_agrees_with_the_standard_library(naive: datetime, offset: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=offset)))
    try:
        expected = round(moment.astimezone(UTC).timestamp() * 1_000_000) if 1970 <= naive.year <= 2100 else None
        text = moment.isoformat(timespec="microseconds")
        found = instant.parse(text)
    except (InvalidInput, OverflowError):
        assert naive.year in (1, 9999)
        return
    assert found == instant.from_datetime(moment)
    assert expected is None or abs(found - expected) <= 64  # a double holds today's microseconds to about a quarter


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1970-01-01", 86_399_999_999),
        ("2026-05-01T12:00:00Z", 1_777_636_800_000_000),
        ("2026-05-01t12:00:00z", 1_777_636_800_000_000),
        ("2026-05-01 12:00Z", 1_777_636_800_000_000),
        ("2026-05-01T14:00:00.0+02:00", 1_777_636_800_000_000),
        ("2024-02-29T00:00:00-00:00", 1_709_164_800_000_000),
    ],
)
def test_known_instants(text: str, micros: int) -> None:
    assert instant.parse(text) == micros


@pytest.mark.parametrize(
    ("day", "zone", "end"),
    [
        ("2026-05-01", "Europe/Berlin", "2026-05-01T21:59:59.999999Z"),
        ("2026-03-29", "Europe/Berlin", "2026-03-29T21:59:59.999999Z"),  # summer time begins
        ("2026-10-25", "Europe/Berlin", "2026-10-25T22:59:59.999999Z"),  # and ends
        ("2026-05-01", "America/Los_Angeles", "2026-05-02T06:59:59.999999Z"),
    ],
)
def test_a_bare_date_means_its_end_in_the_zone(day: str, zone: str, end: str) -> None:
    assert instant.to_text(instant.parse(day, ZoneInfo(zone))) == end


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "now",
            "2026",
            "2026-05",
            "2026-5-1",
            "20260501",
            "2026-13-01",
            "2026-02-29",
            "2026-00-00",
            "2026-05-01T",
        ),
        *(
            "2026-05-01T12:00:00",
            "2026-05-01T25:00:00Z",
            "2026-05-01T12:60:00Z",
            "2026-05-01T12:00:60Z",
            "2026-05-01\n",
        ),
        *(
            "2026-05-01T12:00:00+25:00",
            "2026-05-01T12:00:00.1234567Z",
            "2026-05-01T12:00:00 Z",
            "-2026-05-01",
            "2026-W18",
        ),
        *("٢٠٢٦-٠٥-٠١", "２０２６-０５-０１", "0000-01-01", "10000-01-01", "1777636800", "2026-05-01T12:00:00+0200"),
    ],
    ids=ascii,
)
def test_what_is_no_instant(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        instant.parse(text)
    assert "2026-05-01" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "zone"),
    [("0001-01-01T00:00:00+14:00", "UTC"), ("9999-12-31T23:59:59-01:00", "UTC"), ("9999-12-31", "America/Los_Angeles")],
)
def test_an_instant_that_utc_has_no_day_for_is_refused(text: str, zone: str) -> None:
    with pytest.raises(InvalidInput):
        instant.parse(text, ZoneInfo(zone))
