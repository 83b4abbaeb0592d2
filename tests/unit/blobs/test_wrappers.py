from __future__ import annotations

import pytest

from rollbook.blobs import Blobs, MemoryStore, RetryingStore, VerifyingStore
from rollbook.blobs.store import Buffer, ObjectWriter, read_exact
from rollbook.model.errors import CorruptData, NotFound, StorageFull, Unavailable
from rollbook.testing.faults import Fault, FaultyStore
from rollbook.testing.stores import put

NAME = "packs/ab/1.pack"


def never(seconds: float) -> None:
    pytest.fail(f"waited {seconds} s to try again")


def test_waits_longer_each_time_and_gives_up():
    waits: list[float] = []
    store = RetryingStore(FaultyStore(MemoryStore(), Fault("size", times=99)), waits.append, attempts=4, first_wait=0.5)
    with pytest.raises(Unavailable):
        store.size(NAME)
    assert waits == [0.5, 1.0, 2.0]


def test_a_full_disk_is_not_tried_again():
    faulty = FaultyStore(MemoryStore(), Fault("publish"), error=lambda: StorageFull("full"))
    with pytest.raises(StorageFull):
        put(RetryingStore(faulty, never), NAME, b"x")
    assert faulty.calls["publish"] == 1


def test_what_is_not_there_is_not_tried_again():
    with pytest.raises(NotFound):
        RetryingStore(MemoryStore(), never).read_into(NAME, 0, memoryview(bytearray(1)))


def test_a_write_is_never_repeated():
    """Its bytes may have arrived in part; the object has to be begun again."""
    faulty = FaultyStore(MemoryStore(), Fault("write"))
    with pytest.raises(Unavailable):
        put(RetryingStore(faulty, never), NAME, b"x")
    assert faulty.calls["write"] == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("method", ["create", "publish", "read_into", "size", "list", "settle"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_blobs_over_a_store_that_fails_once(method, when, nth: int, noise):
    inner = MemoryStore()
    store = RetryingStore(FaultyStore(inner, Fault(method, nth=nth, when=when)), lambda _: None)
    contents = [noise(200_000), b"text" * 9000, b""]
    blobs = Blobs(store)
    for _ in range(2):
        with blobs.writer() as writer:
            digests = [writer.add_bytes(data).digest for data in contents]
            writer.commit()
    assert [blobs.read(digest) for digest in digests] == contents
    assert list(Blobs(inner).verify()) == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("method", ["create", "write", "publish", "settle", "list"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_without_retries_a_failure_is_told_and_nothing_is_damaged(method, when, nth: int, noise):
    inner = MemoryStore()
    first = noise(100_000, 1)
    with Blobs(inner).writer() as writer:
        writer.add_bytes(first)
        writer.commit()
    contents = [noise(200_000), first, b"text" * 9000]
    faulty = FaultyStore(inner, Fault(method, nth=nth, when=when))
    try:
        with Blobs(faulty).writer() as writer:
            digests = [writer.add_bytes(data).digest for data in contents]
            writer.commit()
    except Unavailable:
        digests = []
    reader = Blobs(inner)
    assert [reader.read(digest) for digest in digests] == contents[: len(digests)]
    assert list(reader.verify()) == []
    with Blobs(inner).writer() as writer:
        digests = [writer.add_bytes(data).digest for data in contents]
        writer.commit()
    assert [Blobs(inner).read(digest) for digest in digests] == contents


class Liar(MemoryStore):
    """Says yes, and keeps something else."""

    def publish(self, name: str, data: bytes) -> None:
        super().publish(name, data[:-1] + b"?" if data else data)


def test_verifying_notices_a_store_that_lies():
    with pytest.raises(CorruptData, match="reads back differently"):
        put(VerifyingStore(Liar()), NAME, b"the truth")


def test_verifying_notices_another_object_of_that_name():
    store = MemoryStore()
    store.objects[NAME] = b"something else"
    with pytest.raises(CorruptData):
        put(VerifyingStore(store), NAME, b"the truth 1234")


def test_verifying_compares_objects_larger_than_a_block(noise):
    store = VerifyingStore(MemoryStore())
    put(store, NAME, noise(9_000_000), b"end")
    assert bytes(read_exact(store, NAME, 8_999_998, 5)) == noise(9_000_000)[-2:] + b"end"


def test_faults_hit_the_planned_calls_only():
    inner = MemoryStore()
    store = FaultyStore(inner, Fault("publish", nth=2, when="after", times=2))

    def attempt(number: int) -> bool:
        writer: ObjectWriter = store.create()
        pieces: list[Buffer] = [b"x"]
        writer.write(pieces)
        try:
            writer.publish(f"packs/{number}.pack")
        except Unavailable:
            return False
        return True

    assert [attempt(number) for number in range(4)] == [True, False, False, True]
    assert len(inner.objects) == 4
