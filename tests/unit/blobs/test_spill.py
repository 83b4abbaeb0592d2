"""Sorted sets that need not fit into memory, against Python's own."""

from __future__ import annotations

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from rollbook.blobs.spill import Spill

RECORDS = st.lists(st.binary(min_size=4, max_size=4), max_size=200)


@given(RECORDS, st.integers(1, 20))
def test_a_sorted_set(records: list[bytes], held: int) -> None:
    with Spill(4, held=held) as spill:
        for record in records:
            spill.add(record)
        assert list(spill) == sorted(set(records))
        assert list(spill) == sorted(set(records)), "it can be read again"


@given(RECORDS, st.integers(1, 20))
def test_two_readers_at_once(records: list[bytes], held: int) -> None:
    with Spill(4, held=held) as spill:
        for record in records:
            spill.add(record)
        one, other = iter(spill), iter(spill)
        first = list(islice(one, 3))
        assert list(other) == sorted(set(records))
        assert first + list(one) == sorted(set(records))


def test_more_than_a_block() -> None:
    with Spill(4, held=5000) as spill:
        for number in range(20_000, 0, -1):
            spill.add(number.to_bytes(4, "big"))
        assert [int.from_bytes(record, "big") for record in spill] == list(range(1, 20_001))
