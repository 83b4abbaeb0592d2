"""UUIDv7 by RFC 9562: the layout bit by bit, and the order of time."""

from __future__ import annotations

import re
import uuid

from hypothesis import given
from hypothesis import strategies as st

from rollbook.model.ids import RANDOM_BYTES, short_id, uuid7

RANDOM = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)
TIMES = st.integers(0, 4_102_444_800_000_000)  # to the year 2100


def test_the_example_of_the_rfc() -> None:
    """RFC 9562, A.6: 2022-02-22T19:22:22.000Z, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F."""
    at = 0x017F22E279B0 * 1000
    random = ((0xCC3 << 64) | (0b10 << 62) | 0x18C4DC0C0C07398F).to_bytes(10) + bytes(6)
    assert uuid7(at, random) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(TIMES, RANDOM)
def test_layout(at: int, random: bytes) -> None:
    made = uuid.UUID(uuid7(at, random))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == at // 1000
    kept = (1 << 80) - 1 & ~(0xF << 76) & ~(0x3 << 62)
    assert made.int & kept == int.from_bytes(random[:10]) & kept


@given(TIMES, TIMES, RANDOM, RANDOM)
def test_later_milliseconds_sort_later_as_text(one: int, other: int, first: bytes, second: bytes) -> None:
    earlier, later = sorted((one, other))
    if earlier // 1000 < later // 1000:
        assert uuid7(earlier, first) < uuid7(later, second)


@given(TIMES, RANDOM, RANDOM)
def test_74_bits_of_randomness_tell_ids_of_one_moment_apart(at: int, first: bytes, second: bytes) -> None:
    kept = (1 << 80) - 1 & ~(0xF << 76) & ~(0x3 << 62)
    differ = (int.from_bytes(first[:10]) ^ int.from_bytes(second[:10])) & kept
    assert (uuid7(at, first) != uuid7(at, second)) == bool(differ)


@given(RANDOM)
def test_short_ids_are_eight_letters_and_digits(random: bytes) -> None:
    assert re.fullmatch(r"[a-z0-9]{8}", short_id(random))


def test_short_ids_are_spread_over_the_alphabet() -> None:
    seen = {short_id(number.to_bytes(16)) for number in range(5000)}
    assert len(seen) == 5000
    assert short_id(bytes(16)) == "aaaaaaaa"
    assert short_id((35).to_bytes(16)) == "9aaaaaaa"
