from __future__ import annotations

import math
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from rollbook.model import instant
from rollbook.model.query.ranks import (
    MAX_FACTS,
    RANK_LIMIT,
    READ_AS_DATE,
    facts_of,
    kind_bounds,
    kind_of,
    rank,
    rank_of_instant,
    span,
)
from rollbook.model.query.tree import Literal

NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.integers(2**53 - 3, 2**53 + 3)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)
DAY = 86_400 * 1_000_000


def exact(number):
    return number if isinstance(number, float) and math.isinf(number) else Fraction(number)


@given(NUMBERS, NUMBERS)
@example(2**53, 2**53 + 1)
@example(2**53 + 1, float(2**53))
@example(2**63 - 1, float(2**63))
@example(-0.0, 0)
@example(1, 1.0)
@example(5e-324, 0.0)
def test_numbers_compare_exactly_whatever_their_type(one, other):
    assert (rank(one) < rank(other)) == (exact(one) < exact(other))
    assert (rank(one) == rank(other)) == (exact(one) == exact(other))


@given(TEXT, TEXT)
def test_short_texts_compare_by_code_point(one, other):
    if max(len(one), len(other)) <= 200:
        assert (rank(one) < rank(other)) == (one < other)
    assert (rank(one) == rank(other)) == (one == other)
    assert len(rank(one)) <= RANK_LIMIT


def test_long_texts_are_told_apart():
    one, other = "a" * 500 + "b", "a" * 500 + "c"
    assert rank(one) != rank(other)
    assert rank("a" * 200) < rank(one)


@given(st.integers(-(2**62), 2**62), st.integers(-(2**62), 2**62))
def test_instants_compare_as_instants(one, other):
    assert (rank_of_instant(one) < rank_of_instant(other)) == (one < other)


def test_kinds_keep_apart():
    values = [None, False, True, -math.inf, 3, "", "text", math.nan]
    for value in values:
        bounds = kind_bounds(rank(value))
        inside = [other for other in values if bounds.low <= rank(other) < bounds.high]
        assert all(rank(other)[0] == rank(value)[0] for other in inside)
    assert kind_of(rank(math.nan)) == kind_of(rank(1)) == "number"


def test_a_day_is_all_of_its_instants():
    low, high = span(Literal("date", "2026-05-01"), 0)
    last = instant.parse("2026-05-01")
    assert (low, high) == (rank_of_instant(last - DAY + 1), rank_of_instant(last))


def test_a_span_reaches_back_from_now():
    assert span(Literal("ago", "-2d"), 5 * DAY).low == rank_of_instant(3 * DAY)


def test_every_scalar_becomes_a_fact():
    found, whole = facts_of({"a": {"b": [1, "x"], "c.d": None}, "e": [], "f": [{"g": 1}, {"g": 2}]})
    assert whole
    assert [(fact.path, fact.position, fact.rank[0]) for fact in found] == [
        ("a.b", 0, "n"),
        ("a.b", 1, "t"),
        ('a."c.d"', 0, "a"),
        ("e", 0, "e"),
        ("f.g", 0, "n"),
        ("f.g", 1, "n"),
    ]


def test_several_documents_share_positions():
    found, _ = facts_of({"a": 1}, {"a": 2})
    assert [fact.position for fact in found] == [0, 1]


def test_text_that_is_a_date_is_read_as_both():
    found, _ = facts_of({"day": "2026-05-01", "no": "2026-13-01"})
    assert [(fact.path, fact.position, fact.rank[0]) for fact in found] == [
        ("day", 0, "t"),
        ("day", READ_AS_DATE, "d"),
        ("no", 0, "t"),
    ]


def test_the_bound_is_told():
    assert facts_of({"a": list(range(MAX_FACTS))})[1]
    found, whole = facts_of({"a": list(range(MAX_FACTS + 1))})
    assert (len(found), whole) == (MAX_FACTS, False)
    found, whole = facts_of({"k" * 300: 1, "b": 2})
    assert ([fact.path for fact in found], whole) == (["b"], False)
