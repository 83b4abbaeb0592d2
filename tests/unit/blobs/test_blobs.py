"""What callers see: everything that goes in comes out, unchanged, by digest."""

from __future__ import annotations

import io
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.blobs import BlobInfo, Blobs, BlobWriter, MemoryStore
from rollbook.blobs.chunker import AVERAGE, MAXIMUM
from rollbook.blobs.source import WINDOW
from rollbook.model.digest import Digest
from rollbook.model.errors import InvalidInput, NotFound

EDGES = [
    0, 1, 63, 64, AVERAGE - 1, AVERAGE, AVERAGE + 1, MAXIMUM, WINDOW - 1, WINDOW, WINDOW + 1, WINDOW + MAXIMUM,
    2 * WINDOW, 2 * WINDOW + 1,
]  # fmt: skip


def info_of(data: bytes) -> BlobInfo:
    return BlobInfo(Digest.of_raw("blake3", blake3(data).digest()), len(data))


def write_all(folder: Path, contents: list[bytes]) -> list[Path]:
    paths = [folder / f"file{number}" for number in range(len(contents))]
    for path, data in zip(paths, contents, strict=True):
        path.write_bytes(data)
    return paths


def add(blobs: Blobs, *contents: bytes) -> list[BlobInfo]:
    with blobs.writer() as writer:
        infos = [writer.add_bytes(data) for data in contents]
        writer.commit()
    return infos


@pytest.mark.parametrize("size", EDGES)
@pytest.mark.parametrize("compressible", [False, True])
def test_sizes_around_every_boundary(blobs: Blobs, store: MemoryStore, noise, tmp_path, size, compressible):
    data = (noise(997) * (size // 997 + 1))[:size] if compressible else noise(size)
    (path,) = write_all(tmp_path, [data])
    with blobs.writer() as writer:
        assert writer.add_file(path) == info_of(data)
        assert writer.add_bytes(data) == info_of(data)
        writer.commit()
    digest = info_of(data).digest
    for reader in (blobs, Blobs(store)):
        assert reader.has(digest)
        assert reader.size(digest) == size
        assert reader.read(digest) == data
    blobs.fetch([(digest, tmp_path / "out")])
    assert (tmp_path / "out").read_bytes() == data
    assert list(blobs.verify()) == []


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 400_000), st.integers(0, 3)), max_size=8), st.integers(0, 2**32))
def test_any_mix_of_contents(sizes: list[tuple[int, int]], seed: int):
    blobs = Blobs(MemoryStore())
    contents = [random.Random(seed + kind).randbytes(max(1, size >> 4 * kind)) * (16**kind) for size, kind in sizes]
    infos = add(blobs, *contents)
    assert infos == [info_of(data) for data in contents]
    assert [blobs.read(info.digest) for info in infos] == contents


@settings(max_examples=30)
@given(st.integers(100_000, 1_000_000), st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=200)), max_size=5))
def test_random_edits_share_chunks(size: int, edits: list[tuple[int, bytes]]):
    blobs = Blobs(MemoryStore())
    data = random.Random(size).randbytes(size)
    first = add(blobs, data)
    before = blobs.stats().stored_bytes
    edited = data
    for at, piece in edits:
        edited = edited[: at % size] + piece + edited[at % size :]
    infos = first + add(blobs, edited)
    assert [blobs.read(info.digest) for info in infos] == [data, edited]
    assert blobs.stats().stored_bytes - before <= (len(edits) + 1) * 3 * MAXIMUM


@settings(max_examples=40)
@given(st.integers(0, 900_000), st.integers(0, 10**6), st.one_of(st.none(), st.integers(0, 10**6)))
def test_ranges(size: int, offset: int, length: int | None):
    data = random.Random(size).randbytes(size)
    blobs = Blobs(MemoryStore())
    (info,) = add(blobs, data)
    stop = None if length is None else offset + length
    assert b"".join(blobs.stream(info.digest, offset, length)) == data[offset:stop]


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-900_000, 900_000), st.integers(-1, 300_000)), max_size=12))
def test_open_file_behaves_as_bytes_io(steps: list[tuple[int, int, int]]):
    data = random.Random(3).randbytes(700_000)
    blobs = Blobs(MemoryStore())
    (info,) = add(blobs, data)
    model = io.BytesIO(data)
    with blobs.open(info.digest) as file:
        assert file.readable()
        assert file.seekable()
        for whence, offset, count in steps:
            target = {0: 0, 1: model.tell(), 2: len(data)}[whence] + offset
            if target < 0:
                continue
            assert file.seek(offset, whence) == model.seek(offset, whence)
            assert file.read(count) == model.read(count)
            assert file.tell() == model.tell()


def test_order_is_kept_and_equal_content_has_one_name(blobs: Blobs, noise, tmp_path):
    contents = [noise(10), noise(300_000, 1), noise(10), b"", noise(5_000_000, 2), noise(70_000, 3), noise(300_000, 1)]
    with blobs.writer() as writer:
        assert writer.add_files(write_all(tmp_path, contents)) == [info_of(data) for data in contents]
        writer.commit()
    unique = set(contents)
    assert blobs.stats().logical_bytes == sum(map(len, unique))


def test_the_same_again_stores_nothing(blobs: Blobs, store: MemoryStore, noise, tmp_path):
    paths = write_all(tmp_path, [noise(6_000_000), noise(50_000, 1), noise(1_000_000, 2)])
    for _ in range(2):
        with blobs.writer() as writer:
            writer.add_files(paths)
            writer.commit()
        objects = dict(store.objects)
    with Blobs(store).writer() as writer:
        writer.add_files(paths)
        writer.commit()
    assert store.objects == objects


def test_one_writer_commits_more_than_once(blobs: Blobs, store: MemoryStore):
    with blobs.writer() as writer:
        one = writer.add_bytes(b"one" * 100)
        writer.commit()
        assert Blobs(store).read(one.digest) == b"one" * 100
        two = writer.add_bytes(b"two" * 100)
        writer.commit()
    assert Blobs(store).read(two.digest) == b"two" * 100


def test_commit_of_nothing_writes_nothing(blobs: Blobs, store: MemoryStore):
    with blobs.writer() as writer:
        writer.commit()
    assert store.objects == {}


def test_without_commit_nothing_is_known(blobs: Blobs, store: MemoryStore):
    with blobs.writer() as writer:
        info = writer.add_bytes(b"never committed")
    assert not blobs.has(info.digest)
    assert store.objects == {}


def test_an_exception_inside_the_block_abandons(blobs: Blobs):
    def fail(writer: BlobWriter) -> BlobInfo:
        infos.append(writer.add_bytes(b"something"))
        raise KeyError

    infos: list[BlobInfo] = []
    with pytest.raises(KeyError), blobs.writer() as writer:
        fail(writer)
    assert not blobs.has(infos[0].digest)


def test_a_closed_writer_refuses(blobs: Blobs):
    with blobs.writer() as writer:
        pass
    with pytest.raises(InvalidInput, match="closed"):
        writer.add_bytes(b"late")
    with pytest.raises(InvalidInput, match="closed"):
        writer.commit()


def test_read_only_refuses_writers(store: MemoryStore):
    with pytest.raises(InvalidInput, match="reading only"):
        Blobs(store, read_only=True).writer()


def test_unknown_digest(blobs: Blobs, tmp_path):
    digest = info_of(b"never added").digest
    assert not blobs.has(digest)
    calls: list[Callable[[], object]] = [
        lambda: blobs.read(digest),
        lambda: blobs.size(digest),
        lambda: blobs.open(digest),
        lambda: list(blobs.stream(digest)),
        lambda: blobs.fetch([(digest, tmp_path / "out")]),
    ]
    for call in calls:
        with pytest.raises(NotFound, match=digest.hex):
            call()
    assert list(tmp_path.iterdir()) == []
    (damage,) = blobs.verify([digest])
    assert damage.digest == digest


def test_digests_that_do_not_name_bytes(blobs: Blobs):
    with pytest.raises(InvalidInput, match="does not name a blob"):
        blobs.has(Digest.sha256(b"x"))


def test_read_has_a_limit(blobs: Blobs, noise):
    (info,) = add(blobs, noise(1001))
    assert len(blobs.read(info.digest, limit=1001)) == 1001
    with pytest.raises(InvalidInput, match="1,001 bytes"):
        blobs.read(info.digest, limit=1000)


@pytest.mark.parametrize(("offset", "length"), [(-1, None), (0, -1)])
def test_negative_ranges_are_refused(blobs: Blobs, offset: int, length: int | None):
    (info,) = add(blobs, b"abc")
    with pytest.raises(InvalidInput, match="no such range"):
        blobs.stream(info.digest, offset, length)


def test_progress_adds_up(blobs: Blobs, noise, tmp_path):
    contents = [noise(5_000_000), noise(100, 1), b"", noise(90_000, 2)]
    paths = write_all(tmp_path, contents)
    total = sum(map(len, contents))
    for _ in range(2):
        seen: list[int] = []
        with blobs.writer() as writer:
            infos = writer.add_files(paths, progress=seen.append)
            writer.commit()
        assert sum(seen) == total
    seen = []
    blobs.fetch([(info.digest, tmp_path / f"o{number}") for number, info in enumerate(infos)], progress=seen.append)
    assert sum(seen) == total
    seen = []
    assert list(blobs.verify([info.digest for info in infos], progress=seen.append)) == []
    assert sum(seen) == total


def test_another_process_sees_what_was_published(store: MemoryStore):
    ours, theirs = Blobs(store), Blobs(store)
    assert not theirs.has(info_of(b"news").digest)
    add(ours, b"news")
    assert theirs.read(info_of(b"news").digest) == b"news"


def test_two_writers_store_the_same_at_once(store: MemoryStore, noise):
    data = noise(2_000_000)
    with Blobs(store).writer() as one, Blobs(store).writer() as two:
        one.add_bytes(data)
        two.add_bytes(data + b"and more")
        one.commit()
        two.commit()
    reader = Blobs(store)
    assert reader.read(info_of(data).digest) == data
    assert reader.read(info_of(data + b"and more").digest) == data + b"and more"
    assert list(reader.verify()) == []


def test_threads_read_while_a_writer_commits(store: MemoryStore, noise):
    blobs = Blobs(store)
    first = add(blobs, *[noise(3000, seed) for seed in range(40)])
    wrong: list[int] = []
    stop = threading.Event()

    def read_on() -> None:
        while not stop.is_set():
            wrong.extend(seed for seed, info in enumerate(first) if blobs.read(info.digest) != noise(3000, seed))

    threads = [threading.Thread(target=read_on) for _ in range(3)]
    for thread in threads:
        thread.start()
    for seed in range(100, 140):
        add(blobs, noise(3000, seed))
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert all(blobs.read(info_of(noise(3000, seed)).digest) == noise(3000, seed) for seed in range(100, 140))


def test_large_streams_leave_in_pieces(blobs: Blobs, noise):
    (info,) = add(blobs, noise(3_000_000))
    pieces = list(blobs.stream(info.digest))
    assert b"".join(pieces) == noise(3_000_000)
    assert max(map(len, pieces)) <= MAXIMUM


def test_a_stream_is_added_until_its_end(blobs: Blobs, noise):
    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 1000))

    with blobs.writer() as writer:
        info = writer.add_stream(Trickle(noise(300_000)))
        writer.commit()
    assert info == info_of(noise(300_000))
    assert blobs.read(info.digest) == noise(300_000)
