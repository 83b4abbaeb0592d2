"""Numbers, sizes, times and text as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.cli import words

MINUTE = 60_000_000


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "-"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (12_345, "12.3 kB"),
        (999_400, "999 kB"),
        (999_600, "1.0 MB"),
        (50_000_000_000, "50.0 GB"),
        (7 * 10**18, "7000 PB"),
    ],
)
def test_sizes_are_decimal_and_short(count: int | None, text: str) -> None:
    assert words.size(count) == text


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (0, "just now"),
        (9_000_000, "just now"),
        (30_000_000, "30 seconds ago"),
        (MINUTE, "1 minute ago"),
        (90 * MINUTE, "1 hour ago"),
        (3 * 24 * 60 * MINUTE, "3 days ago"),
        (400 * 24 * 60 * MINUTE, "1 year ago"),
    ],
)
def test_ages_are_told_in_the_largest_unit_that_fits(age: int, text: str) -> None:
    now = 1_800_000_000_000_000
    assert words.ago(now - age, now) == text


def test_what_lies_in_the_future_is_told_as_a_date() -> None:
    assert words.ago(1_800_000_000_000_000, 1_700_000_000_000_000) == "2027-01-15 08:00:00 UTC"


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        ((0.8381, 0.8112, 0.8618), "0.838 [0.811, 0.862]"),
        ((0.5, 0.25, 0.75), "0.50 [0.25, 0.75]"),
        ((12.34, 9.1, 15.9), "12.3 [9.1, 15.9]"),
        ((0.83812, 0.83711, 0.83923), "0.8381 [0.8371, 0.8392]"),
        ((0.25, None, None), "0.250"),
        ((None, None, None), "-"),
        ((-0.0004, -0.02, 0.02), "0.000 [-0.020, 0.020]"),
        ((1234.5, 1200.0, 1300.0), "1,234.5 [1,200.0, 1,300.0]"),
    ],
)
def test_numbers_are_rounded_to_what_their_interval_supports(
    estimate: tuple[float | None, float | None, float | None], text: str
) -> None:
    assert words.interval(*estimate) == text


@given(st.floats(0, 1), st.floats(1e-6, 0.5))
def test_rounding_never_moves_a_number_by_more_than_a_tenth_of_its_uncertainty_or_half_the_last_digit(
    value: float, half: float
) -> None:
    shown = float(words.interval(value, value - half, value + half).partition(" ")[0].replace(",", ""))
    assert abs(shown - value) <= max(half / 10, 0.5e-4) + 1e-12


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\u202eb", "a\\u202eb"),
        ("two\nlines\tkept", "two\nlines\tkept"),
        ("caf\u00e9 \U0001f600", "caf\u00e9 \U0001f600"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_would_steer_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert words.visible(text) == shown


def test_a_cell_has_one_line() -> None:
    assert words.visible(" two\n\nlines\t", lines=False) == "two lines"


@given(st.text(), st.integers(4, 40))
def test_shortened_text_fits(text: str, room: int) -> None:
    shown = words.shortened(text, room)
    assert len(shown) <= room
    assert "\n" not in shown


@pytest.mark.parametrize(
    ("micros", "text"),
    [(400_000, "0.4 s"), (12_000_000, "12 s"), (200_000_000, "3 min 20 s"), (7_500_000_000, "2 h 5 min")],
)
def test_durations(micros: int, text: str) -> None:
    assert words.duration(micros) == text


def test_nested_facts_are_told_by_dotted_keys() -> None:
    facts = {"a": {"b": {"c": 1}, "d": "x"}, "e": [1, 2], "f": {}}
    assert list(words.flattened(facts)) == ["a.b.c = 1", "a.d = x", "e = [1, 2]", "f = {}"]


def test_a_list_is_broken_between_its_parts() -> None:
    assert words.listed(["alpha", "beta", "gamma"], room=12) == "alpha, beta,\ngamma"


@given(st.integers(0, 10**18))
def test_every_size_has_a_unit_and_at_most_four_digits_before_it(count: int) -> None:
    number, _, unit = words.size(count).partition(" ")
    assert unit in ("B", "kB", "MB", "GB", "TB", "PB")
    assert math.isfinite(float(number))
    assert len(number) <= 5
