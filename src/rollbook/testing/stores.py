"""The conformance suite that every object store, and every wrapper around one, must pass.

Subclass `ObjectStoreConformance` in a test module, name the class `Test...`, and give it a fixture `store`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from rollbook.blobs.store import Buffer, ObjectStore, fill_exact, read_exact
from rollbook.model.errors import CorruptData, InternalError, NotFound

_NAME = "packs/ab/ab12.pack"


def put(store: ObjectStore, name: str, *pieces: Buffer) -> None:
    """Publish one object."""
    writer = store.create()
    writer.write(pieces)
    writer.publish(name)


class ObjectStoreConformance:
    """What `ObjectStore` promises, as tests."""

    @pytest.fixture
    def store(self) -> ObjectStore:
        """The empty store under test."""
        raise NotImplementedError("give your subclass a fixture `store`")

    def test_gives_back_what_was_published(self, store: ObjectStore) -> None:
        """Pieces of every buffer type arrive in order."""
        put(store, _NAME, b"one", bytearray(b"two"), memoryview(b"three"), b"")
        assert store.size(_NAME) == 11
        assert bytes(read_exact(store, _NAME, 0, 11)) == b"onetwothree"

    def test_empty_object_exists(self, store: ObjectStore) -> None:
        """Nothing in it is not the same as nothing there."""
        put(store, _NAME)
        assert store.size(_NAME) == 0
        assert store.read_into(_NAME, 0, memoryview(bytearray(5))) == 0

    def test_many_pieces_and_writes(self, store: ObjectStore) -> None:
        """More pieces than one system call takes."""
        writer = store.create()
        pieces = [bytes([number % 251]) * 7 for number in range(3000)]
        writer.write(pieces)
        writer.write(pieces)
        writer.publish(_NAME)
        assert bytes(read_exact(store, _NAME, 0, 42_000)) == b"".join(pieces) * 2

    def test_large_object(self, store: ObjectStore) -> None:
        """Ranges of an object of several MiB."""
        data = bytes(range(256)) * 20_000
        put(store, _NAME, data)
        for offset, length in ((0, 1), (1, 4_000_000), (5_119_990, 10), (4_999_999, 120_001)):
            assert bytes(read_exact(store, _NAME, offset, length)) == data[offset : offset + length]

    def test_reading_past_the_end_gives_less(self, store: ObjectStore) -> None:
        """`read_into` says how much it got; `read_exact` refuses."""
        put(store, _NAME, b"12345")
        buffer = bytearray(b"........")
        assert store.read_into(_NAME, 3, memoryview(buffer)) == 2
        assert buffer == b"45......"
        assert store.read_into(_NAME, 99, memoryview(buffer)) == 0
        with pytest.raises(CorruptData, match="ends at byte 5"):
            fill_exact(store, _NAME, 3, memoryview(buffer))

    def test_absent_object(self, store: ObjectStore) -> None:
        """Absence is an answer of `size`, an error of reads, and fine for `delete`."""
        assert store.size(_NAME) is None
        with pytest.raises(NotFound):
            store.read_into(_NAME, 0, memoryview(bytearray(1)))
        store.delete(_NAME)

    def test_invisible_until_published(self, store: ObjectStore) -> None:
        """An object being written has no name."""
        writer = store.create()
        writer.write([b"half"])
        assert list(store.list("packs/")) == []
        writer.publish(_NAME)
        assert list(store.list("packs/")) == [_NAME]

    def test_discarded_is_gone(self, store: ObjectStore) -> None:
        """Discarding twice, or after publishing, does nothing."""
        writer = store.create()
        writer.write([b"never"])
        writer.discard()
        writer.discard()
        assert list(store.list("")) == []
        writer = store.create()
        writer.publish(_NAME)
        writer.discard()
        assert store.size(_NAME) == 0

    def test_never_replaces(self, store: ObjectStore) -> None:
        """The first object of a name stands; a store that compares may also complain about the second."""
        put(store, _NAME, b"first")
        put(store, _NAME, b"first")
        with suppress(CorruptData):
            put(store, _NAME, b"other")
        assert bytes(read_exact(store, _NAME, 0, 5)) == b"first"

    def test_refuses_another_size_under_a_name(self, store: ObjectStore) -> None:
        """Names are digests: another size means that one of the two is damaged."""
        put(store, _NAME, b"first")
        with pytest.raises(CorruptData):
            put(store, _NAME, b"longer than first")
        assert bytes(read_exact(store, _NAME, 0, 5)) == b"first"

    def test_lists_by_prefix(self, store: ObjectStore) -> None:
        """A prefix is text, not a folder."""
        names = ["packs/ab/1.pack", "packs/ab/2.idx", "packs/cd/1.pack", "index/1.idx"]
        for name in names:
            put(store, name, b"x")
        assert sorted(store.list("")) == sorted(names)
        assert sorted(store.list("packs/")) == sorted(names[:3])
        assert sorted(store.list("packs/ab/1")) == names[:1]
        assert list(store.list("none/")) == []

    def test_settles_what_is_visible(self, store: ObjectStore) -> None:
        """Settling is idempotent and takes any number of names."""
        put(store, _NAME, b"x")
        store.settle([_NAME, _NAME])
        store.settle([])
        assert store.size(_NAME) == 1

    def test_deletes(self, store: ObjectStore) -> None:
        """A deleted name is free again."""
        put(store, _NAME, b"old")
        assert bytes(read_exact(store, _NAME, 0, 3)) == b"old"
        store.delete(_NAME)
        assert store.size(_NAME) is None
        with pytest.raises(NotFound):
            store.read_into(_NAME, 0, memoryview(bytearray(1)))
        put(store, _NAME, b"newer")
        assert bytes(read_exact(store, _NAME, 0, 5)) == b"newer"

    def test_closed_and_used_again(self, store: ObjectStore) -> None:
        """Closing frees resources, it ends nothing."""
        put(store, _NAME, b"x")
        assert bytes(read_exact(store, _NAME, 0, 1)) == b"x"
        store.close()
        store.close()
        assert bytes(read_exact(store, _NAME, 0, 1)) == b"x"

    @pytest.mark.parametrize("name", ["", "../x", "a/../b", "/etc/x", "a//b", "a/.hidden", "A/b", "a b", "a\0b"])
    def test_refuses_hostile_names(self, store: ObjectStore, name: str) -> None:
        """Names are made of digests by this library; anything else is a bug, and must not become a path."""
        with pytest.raises(InternalError):
            store.size(name)

    def test_many_threads_publish_one_name(self, store: ObjectStore) -> None:
        """All succeed, one object stands."""

        def publish(_: int) -> None:
            put(store, _NAME, b"same bytes")

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(publish, range(32)))
        assert bytes(read_exact(store, _NAME, 0, 10)) == b"same bytes"

    def test_many_threads_read(self, store: ObjectStore) -> None:
        """More objects than a store may hold open, read at once."""
        for number in range(150):
            put(store, f"packs/{number}.pack", str(number).encode() * 100)

        def right(number: int) -> bool:
            text = str(number).encode() * 100
            return bytes(read_exact(store, f"packs/{number}.pack", 0, len(text))) == text

        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(right, [number % 150 for number in range(1200)]))
