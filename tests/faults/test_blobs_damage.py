"""Damage is always noticed: a read gives the right bytes or an error, and `verify` reports every fault."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from rollbook.blobs import Blobs, LocalStore, MemoryStore
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, NotFound

CONTENTS = [
    b"",
    b"a few bytes",
    b"student,grade\n" * 900,
    random.Random(1).randbytes(3000),
    random.Random(2).randbytes(400) * 500,
]


def digest_of(data: bytes) -> Digest:
    return Digest.of_raw("blake3", blake3(data).digest())


def filled(*, commits: int = 1) -> MemoryStore:
    store = MemoryStore()
    blobs = Blobs(store)
    for number in range(commits):
        with blobs.writer() as writer:
            for data in CONTENTS[number::commits]:
                writer.add_bytes(data)
            writer.commit()
    return store


def copy_of(store: MemoryStore) -> MemoryStore:
    copy = MemoryStore()
    copy.objects.update(store.objects)
    return copy


def outcome(blobs: Blobs, data: bytes, folder: Path) -> str:
    """`right` or `refused`; wrong bytes by any of the ways to read are a failed test."""
    digest = digest_of(data)
    results: set[bool] = set()
    ways = (
        lambda: blobs.read(digest),
        lambda: b"".join(blobs.stream(digest)),
        lambda: blobs.open(digest).read(),
        lambda: fetched(blobs, digest, folder / "out"),
    )
    for way in ways:
        try:
            assert way() == data
            results.add(True)
        except (CorruptData, NotFound):
            results.add(False)
    assert not (folder / "out").exists()
    assert list(folder.iterdir()) == []
    return "right" if results == {True} else "refused"


def fetched(blobs: Blobs, digest: Digest, path: Path) -> bytes:
    blobs.fetch([(digest, path)])
    data = path.read_bytes()
    path.unlink()
    return data


def flips(store: MemoryStore, count: int | None) -> Iterator[tuple[str, int, int]]:
    """Bits to flip: one in every byte, or `count` at random."""
    places = [(name, position) for name, data in sorted(store.objects.items()) for position in range(len(data))]
    chance = random.Random(11)
    for name, position in places if count is None else chance.sample(places, count):
        yield name, position, 1 << chance.randrange(8)


def check_flips(folder: Path, count: int | None) -> None:
    whole = filled()
    assert sorted(name.rpartition(".")[2] for name in whole.objects) == ["idx", "pack"]
    for name, position, bit in flips(whole, count):
        store = copy_of(whole)
        damaged = bytearray(store.objects[name])
        damaged[position] ^= bit
        store.objects[name] = bytes(damaged)
        for data in CONTENTS:
            outcome(Blobs(store), data, folder)
        assert list(Blobs(store).verify()), f"bit {bit} of byte {position} of {name} was not noticed"


@pytest.mark.faults
def test_flipped_bits(tmp_path):
    check_flips(tmp_path, 400)


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.timeout(1800)
def test_a_flipped_bit_in_every_byte(tmp_path):
    check_flips(tmp_path, None)


def test_a_damaged_index_is_read_from_its_pack(tmp_path):
    store = filled()
    (name,) = (name for name in store.objects if name.endswith(".idx"))
    store.objects[name] = store.objects[name][:100]
    assert {outcome(Blobs(store), data, tmp_path) for data in CONTENTS} == {"right"}
    assert [damage.object for damage in Blobs(store).verify()] == [name]


CHANGES = {
    "truncated by one": lambda data: data[:-1],
    "truncated to half": lambda data: data[: len(data) // 2],
    "emptied": lambda _: b"",
    "extended": lambda data: data + b"\0",
    "first byte lost": lambda data: data[1:],
    "zeroed": lambda data: bytes(len(data)),
    "zeroed in a page": lambda data: data[:512] + bytes(1024) + data[1536:],
}


@pytest.mark.parametrize("suffix", ["pack", "idx"])
@pytest.mark.parametrize("change", CHANGES)
def test_changed_objects(tmp_path, change: str, suffix: str):
    store = filled()
    (name,) = (name for name in store.objects if name.endswith(suffix))
    store.objects[name] = CHANGES[change](store.objects[name])
    for data in CONTENTS:
        outcome(Blobs(store), data, tmp_path)
    found = list(Blobs(store).verify())
    assert found
    assert {damage.object for damage in found} >= {name}


@pytest.mark.parametrize("suffixes", [["pack"], ["idx"], ["pack", "idx"]])
def test_swapped_packs(tmp_path, suffixes: list[str]):
    store = filled(commits=2)
    for suffix in suffixes:
        one, other = sorted(name for name in store.objects if name.endswith(suffix))
        store.objects[one], store.objects[other] = store.objects[other], store.objects[one]
    outcomes = {outcome(Blobs(store), data, tmp_path) for data in CONTENTS if data}
    if suffixes != ["idx"]:
        assert outcomes == {"refused"}
    names = {damage.object for damage in Blobs(store).verify()}
    assert names == {name for name in store.objects if name.rpartition(".")[2] in suffixes}


def test_a_damaged_chunk_is_named(tmp_path):
    store = filled()
    (name,) = (name for name in store.objects if name.endswith(".pack"))
    position = store.objects[name].index(b"a few bytes")
    store.objects[name] = store.objects[name].replace(b"a few bytes", b"a few bites")
    assert position >= 16
    digest = digest_of(b"a few bytes")
    with pytest.raises(CorruptData, match=f"{digest.hex}.*{name}"):
        Blobs(store).read(digest)
    (damage,) = Blobs(store).verify()
    assert (damage.object, damage.digest) == (name, digest)
    (damage,) = Blobs(store).verify([digest_of(data) for data in CONTENTS])
    assert damage.digest == digest


def test_a_second_copy_is_used_when_the_first_is_damaged(tmp_path):
    """Two processes that log the same at once store it twice."""
    store = MemoryStore()
    shared = CONTENTS[3]
    with Blobs(store).writer() as one, Blobs(store).writer() as two:
        one.add_bytes(shared)
        two.add_bytes(shared)
        two.add_bytes(b"and another, so that the packs differ")
        one.commit()
        two.commit()
    names = [name for name in sorted(store.objects) if name.endswith(".pack")]
    for name in names:
        damaged = copy_of(store)
        damaged.objects[name] = damaged.objects[name].replace(shared[:100], bytes(100))
        assert damaged.objects[name] != store.objects[name]
        assert outcome(Blobs(damaged), shared, tmp_path) == "right"


@pytest.mark.parametrize("kind", ["symlink", "folder"])
@pytest.mark.parametrize("suffix", ["pack", "idx"])
def test_an_object_replaced_by_something_else(tmp_path, kind: str, suffix: str):
    root = tmp_path / "store"
    with Blobs(LocalStore(root)).writer() as writer:
        info = writer.add_bytes(CONTENTS[3])
        writer.commit()
    (path,) = root.glob(f"packs/*/*.{suffix}")
    kept = path.rename(tmp_path / "kept")
    if kind == "symlink":
        path.symlink_to(kept)
    else:
        path.mkdir()
    try:
        data = Blobs.open_local(root).read(info.digest)
    except (CorruptData, NotFound):
        data = None
    assert data == (None if suffix == "pack" or kind == "folder" else CONTENTS[3])
    if kind == "symlink":
        assert list(Blobs.open_local(root).verify())


def test_a_file_cut_short_while_it_is_open(tmp_path):
    """A mapped file would end the process here."""
    root = tmp_path / "store"
    blobs = Blobs(LocalStore(root))
    with blobs.writer() as writer:
        info = writer.add_bytes(random.Random(4).randbytes(2_000_000))
        writer.commit()
    file = blobs.open(info.digest)
    assert len(file.read(10)) == 10
    (path,) = root.glob("packs/*/*.pack")
    with path.open("r+b") as pack:
        pack.truncate(300_000)
    with pytest.raises(CorruptData, match="ends at byte"):
        file.read()
    with pytest.raises(CorruptData, match="ends at byte"):
        blobs.fetch([(info.digest, tmp_path / "out")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store"]


def test_a_failed_fetch_leaves_the_target_as_it_was(tmp_path):
    store = filled()
    (name,) = (name for name in store.objects if name.endswith(".pack"))
    store.objects[name] = store.objects[name].replace(CONTENTS[3][:50], bytes(50))
    (tmp_path / "target").write_bytes(b"precious")
    with pytest.raises(CorruptData):
        Blobs(store).fetch([(digest_of(CONTENTS[3]), tmp_path / "target")])
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("target", b"precious")]
