from __future__ import annotations

import pytest
from blake3 import blake3

from rollbook.blobs import MemoryStore
from rollbook.blobs.store import read_exact
from rollbook.blobs.tablecache import TableCache
from rollbook.model.errors import NotFound
from rollbook.testing.faults import FaultyStore
from rollbook.testing.stores import put

DATA = b"a table" * 100
DIGITS = blake3(DATA).hexdigest()
PACKS = f"packs/{DIGITS[:2]}/{DIGITS}.idx"
MERGED = f"index/{DIGITS}.idx"


@pytest.fixture
def inner():
    return FaultyStore(MemoryStore())


@pytest.fixture
def cache(inner, tmp_path):
    return TableCache(inner, tmp_path / "tables")


@pytest.mark.parametrize("name", [PACKS, MERGED])
def test_a_table_is_fetched_once(inner, cache, tmp_path, name):
    put(inner, name, DATA)
    for _ in range(3):
        assert cache.size(name) == len(DATA)
        assert bytes(read_exact(cache, name, 3, 20)) == DATA[3:23]
    again = TableCache(inner, tmp_path / "tables")
    assert bytes(read_exact(again, name, 0, len(DATA))) == DATA
    assert inner.calls["read_into"] == 1


def test_a_damaged_copy_is_fetched_again(inner, cache, tmp_path):
    put(inner, PACKS, DATA)
    cache.size(PACKS)
    (tmp_path / "tables" / f"{DIGITS}.idx").write_bytes(b"other bytes")
    again = TableCache(inner, tmp_path / "tables")
    assert bytes(read_exact(again, PACKS, 0, len(DATA))) == DATA


def test_a_copy_that_vanishes_is_done_without(inner, cache, tmp_path):
    put(inner, PACKS, DATA)
    cache.size(PACKS)
    (tmp_path / "tables" / f"{DIGITS}.idx").unlink()
    assert cache.size(PACKS) == len(DATA)
    assert bytes(read_exact(cache, PACKS, 0, len(DATA))) == DATA


def test_a_table_that_is_damaged_in_the_store_is_not_kept(inner, cache, tmp_path):
    put(inner, PACKS, b"damaged")
    assert bytes(read_exact(cache, PACKS, 0, 7)) == b"damaged"
    assert not (tmp_path / "tables").exists()


def test_packs_are_not_kept(inner, cache, tmp_path):
    name = PACKS.replace(".idx", ".pack")
    put(inner, name, DATA)
    assert bytes(read_exact(cache, name, 0, 3)) == DATA[:3]
    assert not (tmp_path / "tables").exists()


def test_a_deleted_table_is_gone_from_both(inner, cache, tmp_path):
    put(inner, MERGED, DATA)
    cache.size(MERGED)
    cache.delete(MERGED)
    assert cache.size(MERGED) is None
    with pytest.raises(NotFound):
        cache.read_into(MERGED, 0, memoryview(bytearray(1)))
    assert list((tmp_path / "tables").iterdir()) == []


def test_a_folder_that_cannot_be_made_makes_it_slow_not_wrong(inner, tmp_path):
    (tmp_path / "file").write_text("in the way")
    cache = TableCache(inner, tmp_path / "file" / "tables")
    put(inner, MERGED, DATA)
    assert bytes(read_exact(cache, MERGED, 0, len(DATA))) == DATA
