from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.blobs import MemoryStore
from rollbook.blobs.readahead import ReadAhead
from rollbook.blobs.store import read_exact
from rollbook.model.errors import Unavailable
from rollbook.testing.faults import Fault, FaultyStore
from rollbook.testing.stores import put

DATA = bytes(range(256)) * 40
NAME = "packs/one.pack"


def over(*faults, block=1000):
    inner = FaultyStore(MemoryStore(), *faults)
    put(inner, NAME, DATA)
    return inner, ReadAhead(inner, block=block)


def test_a_scattered_read_fetches_only_itself():
    inner, store = over(block=10)
    assert bytes(read_exact(store, NAME, 500, 7)) == DATA[500:507]
    assert inner.calls["read_into"] == 1


def test_a_long_read_in_small_steps_takes_few_requests():
    inner, store = over()
    found = b"".join(bytes(read_exact(store, NAME, start, 64)) for start in range(0, len(DATA), 64))
    assert found == DATA
    store.close()
    assert inner.calls["read_into"] <= 1 + len(DATA) // 1000 + 1


@given(reads=st.lists(st.tuples(st.integers(0, len(DATA) + 50), st.integers(0, 3000)), max_size=30))
def test_whatever_is_read_is_what_the_store_holds(reads):
    _, store = over(block=257)
    try:
        for offset, length in reads:
            buffer = bytearray(b"." * length)
            got = store.read_into(NAME, offset, memoryview(buffer))
            assert bytes(buffer[:got]) == DATA[offset : offset + length]
    finally:
        store.close()


def test_a_block_that_could_not_be_fetched_is_asked_for_again():
    _, store = over(Fault("read_into", nth=2))
    assert read_exact(store, NAME, 0, 10) == DATA[:10]
    with pytest.raises(Unavailable):
        read_exact(store, NAME, 10, 10)
    assert read_exact(store, NAME, 10, 10) == DATA[10:20]
    store.close()


def test_many_threads_read_along(tmp_path):
    _, store = over(block=100)

    def walk(step):
        return b"".join(bytes(read_exact(store, NAME, at, step)) for at in range(0, len(DATA) - step, step))

    with ThreadPoolExecutor(8) as threads:
        for step, found in zip(range(7, 47), threads.map(walk, range(7, 47)), strict=True):
            assert found == DATA[: len(found)], step
    store.close()
