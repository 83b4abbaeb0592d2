"""Merged tables are derived: they make opening fast, and nothing depends on them."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from rollbook.blobs import Blobs, LocalStore, MemoryStore
from rollbook.blobs import index as index_module
from rollbook.model.digest import Digest
from rollbook.model.errors import InvalidInput, NotFound, Unavailable
from rollbook.testing.faults import Fault, FaultyStore


def commit_one(blobs: Blobs, data: bytes) -> Digest:
    with blobs.writer() as writer:
        info = writer.add_bytes(data)
        writer.commit()
    return info.digest


def merged_names(store: MemoryStore) -> list[str]:
    return [name for name in store.objects if name.startswith("index/")]


@pytest.fixture
def contents(noise) -> list[bytes]:
    return [noise(500, seed) for seed in range(60)]


def test_many_commits_leave_few_tables_to_open(store: MemoryStore, contents):
    digests = [commit_one(Blobs(store), data) for data in contents]
    assert 1 <= len(merged_names(store)) <= 4
    counting = FaultyStore(store)
    reader = Blobs(counting)
    assert [reader.read(digest) for digest in digests] == contents
    assert counting.calls["read_into"] < len(contents) + 20
    assert list(reader.verify()) == []
    assert reader.stats().packs == 60
    assert reader.stats().chunks == 60


def test_without_merged_tables_everything_is_found(store: MemoryStore, contents):
    digests = [commit_one(Blobs(store), data) for data in contents]
    for name in merged_names(store):
        store.delete(name)
    assert [Blobs(store).read(digest) for digest in digests] == contents


@pytest.mark.parametrize("seed", range(10))
def test_damaged_merged_tables_are_done_without_and_rebuilt(store: MemoryStore, contents, seed: int, monkeypatch):
    monkeypatch.setattr("rollbook.blobs.merge._IN_MEMORY_BYTES", 0)
    digests = [commit_one(Blobs(store), data) for data in contents]
    chance = random.Random(seed)
    for name in merged_names(store):
        damaged = bytearray(store.objects[name])
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        store.objects[name] = bytes(damaged)
    reader = Blobs(store)
    assert [reader.read(digest) for digest in digests] == contents
    assert [damage.object for damage in reader.verify()] == merged_names(store)
    for data in contents:
        commit_one(reader, data[::-1])
    assert list(Blobs(store).verify()) == []


def test_a_merged_table_removed_under_a_reader(store: MemoryStore, contents, monkeypatch):
    monkeypatch.setattr("rollbook.blobs.merge._IN_MEMORY_BYTES", 0)
    digests = [commit_one(Blobs(store), data) for data in contents[:20]]
    reader = Blobs(store)
    assert reader.has(digests[0])
    for name in merged_names(store):
        store.delete(name)
    assert [reader.read(digest) for digest in digests] == contents[:20]


@pytest.mark.parametrize("method", ["publish", "write", "create"])
def test_a_merge_that_fails_fails_nothing(contents, method):
    inner = MemoryStore()
    writer = Blobs(FaultyStore(inner, Fault(method, nth=10_000)))
    digests = [commit_one(writer, data) for data in contents[:8]]
    faulty = FaultyStore(inner, Fault(method, nth={"publish": 3, "write": 5, "create": 3}[method], times=9))
    digests.append(commit_one(Blobs(faulty), contents[8]))
    assert merged_names(inner) == []
    assert [Blobs(inner).read(digest) for digest in digests] == contents[:9]


def test_loose_entries_are_merged_before_they_fill_memory(store: MemoryStore, contents, monkeypatch):
    monkeypatch.setattr(index_module, "_LOOSE_ENTRIES", 10)
    monkeypatch.setattr("rollbook.blobs.pack.TARGET_BYTES", 1000)
    blobs = Blobs(store)
    with blobs.writer() as writer:
        digests = [writer.add_bytes(data).digest for data in contents]
        writer.commit()
    assert merged_names(store)
    assert [blobs.read(digest) for digest in digests] == contents


def test_a_lost_pack_is_not_known_and_logging_again_heals(store: MemoryStore, noise):
    data = noise(900_000)
    digest = commit_one(Blobs(store), data)
    for name in list(store.objects):
        if name.endswith(".pack"):
            store.delete(name)
    assert not Blobs(store).has(digest)
    with pytest.raises(NotFound, match="log the same content again"):
        Blobs(store).read(digest)
    assert commit_one(Blobs(store), data) == digest
    assert Blobs(store).read(digest) == data
    assert list(Blobs(store).verify()) == []


def test_a_lost_pack_below_a_known_recipe_heals_too(store: MemoryStore, noise):
    half = noise(400_000)
    commit_one(Blobs(store), half)
    chunks = [name for name in store.objects if name.endswith(".pack")]
    data = half + noise(400_000, 1)
    digest = commit_one(Blobs(store), data)
    store.delete(chunks[0])
    assert Blobs(store).has(digest)
    commit_one(Blobs(store), data)
    assert Blobs(store).read(digest) == data


def test_eight_writers_at_once(tmp_path, noise):
    def work(number: int) -> list[tuple[Digest, bytes]]:
        blobs = Blobs(LocalStore(tmp_path))
        mine = [noise(2000, 100 * number + seed) for seed in range(12)] + [noise(2000, 7)]
        return [(commit_one(blobs, data), data) for data in mine]

    with ThreadPoolExecutor(8) as threads:
        pairs = [pair for pairs in threads.map(work, range(8)) for pair in pairs]
    reader = Blobs(LocalStore(tmp_path))
    assert all(reader.read(digest) == data for digest, data in pairs)
    assert list(reader.verify()) == []
    assert len(list((tmp_path / "index").iterdir())) < 40
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_store_that_cannot_be_listed_says_so(contents):
    store = MemoryStore()
    digest = commit_one(Blobs(store), contents[0])
    with pytest.raises(Unavailable):
        Blobs(FaultyStore(store, Fault("list"))).read(digest)


@pytest.mark.parametrize("merged", ["kept", "deleted", "damaged"])
def test_many_blobs_are_looked_for_at_once(store: MemoryStore, contents, merged: str, monkeypatch):
    monkeypatch.setattr("rollbook.blobs.merge._IN_MEMORY_BYTES", 0)
    digests = {commit_one(Blobs(store), data) for data in contents}
    reader = Blobs(store)
    assert reader.missing([]) == set()
    for name in merged_names(store) if merged != "kept" else ():
        if merged == "deleted":
            store.delete(name)
        else:
            store.objects[name] = store.objects[name][:-200] + bytes(200)
    later = commit_one(Blobs(store), b"by another process")
    unknown = {Digest("blake3", f"{number:064x}") for number in range(3)}
    assert reader.missing([*digests, later, *unknown]) == unknown
    with reader.writer() as writer:
        assert writer.held([*digests, later, *unknown]) == {*digests, later}
    for name in [name for name in store.objects if name.endswith(".pack")][:5]:
        store.delete(name)
    assert len(Blobs(store).missing(digests | {later})) == 5


def test_digests_of_other_things_are_refused(store: MemoryStore):
    with pytest.raises(InvalidInput, match="does not name a blob"):
        Blobs(store).missing([Digest("sha256", 64 * "0")])
