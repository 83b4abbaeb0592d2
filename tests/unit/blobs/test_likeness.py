"""A file is cut the same whatever it is said to resemble; what it does resemble is not looked for again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.blobs import Blobs, MemoryStore
from rollbook.blobs import source as source_module
from rollbook.blobs import writer as writer_module
from rollbook.model.digest import Digest

MIB = 1024 * 1024


def add(blobs: Blobs, path: Path, like: Digest | None = None) -> Digest:
    with blobs.writer() as writer:
        (info,) = writer.add_files([path], like=[like])
        writer.commit()
    return info.digest


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.fixture
def cuts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of the windows that the cutter had to look at."""
    seen: list[int] = []
    cut = writer_module.cut

    def counting(window: memoryview, *, final: bool) -> Iterator[memoryview]:
        seen.append(len(window))
        return cut(window, final=final)

    monkeypatch.setattr(writer_module, "cut", counting)
    return seen


edits = st.lists(st.tuples(st.integers(0, 12 * MIB), st.integers(0, 300_000), st.binary(max_size=3000)), max_size=4)


@settings(max_examples=25, deadline=None)
@given(size=st.integers(0, 10 * MIB), edits=edits, seed=st.integers(0, 3), period=st.sampled_from([0, 5000, 400_000]))
def test_what_is_stored_does_not_depend_on_the_likeness(
    tmp_path_factory: pytest.TempPathFactory, size: int, edits: list[tuple[int, int, bytes]], seed: int, period: int
) -> None:
    chance = random.Random(seed)
    old = (chance.randbytes(period) * (size // period + 1))[:size] if period else chance.randbytes(size)
    new = bytearray(old)
    for place, gone, put in edits:
        new[place : place + gone] = put
    folder = tmp_path_factory.mktemp("files")
    before, after = written(folder / "old", old), written(folder / "new", bytes(new))
    stores = MemoryStore(), MemoryStore()
    digests = [add(Blobs(store), before) for store in stores]
    plain = add(Blobs(stores[0]), after)
    likened = add(Blobs(stores[1]), after, like=digests[1])
    assert likened == plain == add(Blobs(stores[1]), after, like=digests[1])
    assert stores[1].objects == stores[0].objects
    assert Blobs(stores[1]).read(plain) == new


def test_only_what_changed_is_cut(blobs: Blobs, noise, tmp_path: Path, cuts: list[int]) -> None:
    old = noise(20 * MIB)
    first = add(blobs, written(tmp_path / "file", old))
    everything = len(cuts)
    cuts.clear()
    add(blobs, written(tmp_path / "file", old[: 7 * MIB] + b"inserted" + old[7 * MIB :] + b"appended"), like=first)
    assert everything > 200
    assert 0 < len(cuts) < 20


def test_a_likeness_in_all_places_is_hashed_before_anything_is_cut(
    blobs: Blobs, noise, tmp_path: Path, cuts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = list[bytes]()
    hash_whole = source_module._hash_whole
    monkeypatch.setattr(source_module, "_hash_whole", lambda *given: whole.append(hash_whole(*given)) or whole[-1])
    old = noise(20 * MIB)
    first = add(blobs, written(tmp_path / "file", old))
    cuts.clear()
    assert add(blobs, tmp_path / "file", like=first) == first
    assert (whole, cuts) == ([first.raw], [])
    changed = bytearray(old)
    changed[9 * MIB : 11 * MIB] = noise(2 * MIB, 1)
    add(blobs, written(tmp_path / "file", bytes(changed)), like=first)
    assert len(whole) == 1


@pytest.mark.parametrize("damage", ["recipe", "chunk", "unknown", "small"])
def test_a_likeness_that_cannot_be_read_is_none(store: MemoryStore, noise, tmp_path: Path, damage: str) -> None:
    old = noise(6 * MIB if damage != "small" else 1000)
    first = add(Blobs(store), written(tmp_path / "file", old))
    if damage == "recipe":
        name = next(name for name in store.objects if name.endswith(".pack"))
        place = Blobs(store)._reader.locate(first)
        store.objects[name] = store.objects[name][: place.offset] + b"x" + store.objects[name][place.offset + 1 :]
    if damage == "chunk":
        store.objects.clear()
        add(Blobs(store), written(tmp_path / "half", old[: 3 * MIB]))
    like = Digest("blake3", 64 * "0") if damage == "unknown" else first
    data = old + noise(5 * MIB, 1)
    digest = add(Blobs(store), written(tmp_path / "file", data), like=like)
    assert Blobs(store).read(digest) == data
