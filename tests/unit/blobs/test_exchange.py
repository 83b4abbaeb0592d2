"""What was cut elsewhere is the same as what is cut here; what is taken in is checked; what is given can be checked."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from blake3 import blake3

from rollbook.blobs import Blobs, Frame, MemoryStore, read_recipe
from rollbook.blobs.codec import Encoder, decode
from rollbook.blobs.cutting import Cut, Cutter
from rollbook.blobs.frames import LARGE
from rollbook.blobs.kinds import RAW, RECIPE
from rollbook.blobs.pipeline import BufferPool
from rollbook.blobs.source import BUFFER_BYTES, read_files, read_stream
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidInput, NotFound

Noise = Callable[..., bytes]


def cut_stream(data: bytes) -> tuple[list[Frame], list[Frame]]:
    """Chunks and recipes of a blob, as a client makes them."""
    pool, cutter, encoder = BufferPool(4, BUFFER_BYTES), Cutter(), Encoder()
    chunks: list[Frame] = []
    recipes: list[Frame] = []
    for segment in read_stream(BytesIO(data), pool, lambda _: False):
        taken: Cut = cutter.take(segment)
        for digest, chunk in taken.chunks:
            entry = encoder.encode(digest, bytes(chunk))
            chunks.append(Frame(digest, entry.kind, entry.plain, entry.payload))
        recipes += [Frame(blob.digest, RECIPE, blob.size, blob.recipe) for blob in taken.blobs if blob.recipe]
        pool.give(segment.buffer)
    return chunks, recipes


def take_in(blobs: Blobs, chunks: list[Frame], recipes: list[Frame]) -> None:
    with blobs.exchange().intake() as intake:
        intake.add_chunks(chunks)
        intake.add_recipes(map(read_recipe, recipes))
        intake.commit()


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 300_000, 9_000_000])
def test_it_is_stored_as_a_writer_stores_it(blobs: Blobs, noise: Noise, size: int) -> None:
    data = noise(size)
    take_in(blobs, *cut_stream(data))
    digest = Digest.of_raw("blake3", blake3(data).digest())
    assert blobs.read(digest) == data
    before = blobs.stats()
    with blobs.writer() as writer:
        assert writer.add_bytes(data).digest == digest
        writer.commit()
    assert blobs.stats() == before
    assert list(blobs.verify()) == []


def test_files_that_share_a_buffer_are_cut_apart(tmp_path: Path, noise: Noise) -> None:
    contents = [noise(100, 1), noise(400_000, 2), b"", noise(5_000_000, 3), noise(200, 4)]
    paths = [tmp_path / str(number) for number in range(len(contents))]
    for path, data in zip(paths, contents, strict=True):
        path.write_bytes(data)
    cutter, blobs = Cutter(), {}
    pool = BufferPool(10, BUFFER_BYTES)
    for segment in read_files(paths, pool, lambda _: False, lambda _: None):
        blobs.update({blob.number: blob for blob in cutter.take(segment).blobs})
        pool.give(segment.buffer)
    assert [blobs[number].digest for number in range(5)] == [blake3(data).digest() for data in contents]
    assert [bool(blobs[number].recipe) for number in range(5)] == [False, True, False, True, False]


def test_nothing_counts_before_it_is_committed(blobs: Blobs, noise: Noise, store: MemoryStore) -> None:
    chunks, _ = cut_stream(noise(1000))
    with blobs.exchange().intake() as intake:
        intake.add_chunks(chunks)
    assert blobs.exchange().present({chunks[0].digest}) == set()
    assert store.objects == {}


def test_a_blob_is_present_with_all_its_chunks_only(blobs: Blobs, noise: Noise, store: MemoryStore) -> None:
    data = noise(500_000)
    chunks, recipes = cut_stream(data)
    take_in(blobs, chunks, [])
    (pack,) = [name for name in store.objects if name.endswith(".pack")]
    take_in(blobs, [], recipes)
    assert blobs.exchange().present({recipes[0].digest}) == {recipes[0].digest}
    assert set(blobs.exchange().chunks_of({recipes[0].digest})) == {chunk.digest for chunk in chunks}
    del store.objects[pack]
    assert Blobs(store).exchange().present({recipes[0].digest, chunks[0].digest}) == set()


def test_a_recipe_over_a_damaged_chunk_tells_so(blobs: Blobs, noise: Noise, store: MemoryStore) -> None:
    chunks, recipes = cut_stream(noise(500_000))
    take_in(blobs, chunks, [])
    (pack,) = [name for name in store.objects if name.endswith(".pack")]
    content = bytearray(store.objects[pack])
    content[1000] ^= 1
    store.objects[pack] = bytes(content)
    with pytest.raises(CorruptData):
        take_in(blobs, [], recipes)


def test_a_store_for_reading_takes_nothing(store: MemoryStore) -> None:
    with pytest.raises(InvalidInput, match="reading only"):
        Blobs(store, read_only=True).exchange().intake()


class TestGiving:
    def test_small_blobs_go_as_they_are_stored(self, blobs: Blobs, noise: Noise) -> None:
        contents = [b"", b"a" * 9000, noise(300_000), noise(2_000_000)]
        with blobs.writer() as writer:
            names = [writer.add_bytes(data).digest.raw for data in contents]
            writer.commit()
        frames = list(blobs.exchange().frames(names, 1_000_000))
        assert [frame.digest for frame in frames] == names
        assert len(frames[1].payload) < 100
        for frame, data in zip(frames[:3], contents, strict=False):
            assert bytes(decode(frame.kind, frame.payload, frame.plain, "it")) == data
        assert (frames[3].kind, frames[3].plain, frames[3].payload) == (LARGE, 2_000_000, b"")

    def test_an_unknown_blob_is_named(self, blobs: Blobs) -> None:
        with pytest.raises(NotFound, match="0000"):
            list(blobs.exchange().frames([bytes(32)], 100))

    def test_a_damaged_one_is_not_given(self, blobs: Blobs, noise: Noise, store: MemoryStore) -> None:
        with blobs.writer() as writer:
            name = writer.add_bytes(noise(1000)).digest.raw
            writer.commit()
        (pack,) = [one for one in store.objects if one.endswith(".pack")]
        content = bytearray(store.objects[pack])
        content[100] ^= 1
        store.objects[pack] = bytes(content)
        with pytest.raises(CorruptData):
            list(blobs.exchange().frames([name], 10_000))


@pytest.mark.parametrize("kind", [RAW, 99])
def test_a_chunk_of_a_wrong_length_is_refused(blobs: Blobs, kind: int) -> None:
    frame = Frame(blake3(b"abc").digest(), kind, 4, b"abc")
    with blobs.exchange().intake() as intake, pytest.raises(InvalidInput):
        intake.add_chunks([frame])
