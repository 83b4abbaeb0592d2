"""A store in memory: for tests, previews and a world that a test can damage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Lock

from rollbook.blobs.store import Buffer, ObjectWriter, check_name
from rollbook.model.errors import CorruptData, NotFound


class MemoryStore:
    """Objects in a dictionary.

    Attributes:
        objects: Name -> bytes. A test may edit it to play a damaged disk.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self._lock = Lock()

    def create(self) -> ObjectWriter:
        """See `ObjectStore.create`."""
        return _MemoryWriter(self)

    def read_into(self, name: str, offset: int, buffer: memoryview) -> int:
        """See `ObjectStore.read_into`."""
        found = self.objects.get(check_name(name))
        if found is None:
            raise NotFound(f"no object {name}")
        piece = found[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)

    def size(self, name: str) -> int | None:
        """See `ObjectStore.size`."""
        found = self.objects.get(check_name(name))
        return None if found is None else len(found)

    def list(self, prefix: str) -> Iterator[str]:
        """See `ObjectStore.list`."""
        return iter([name for name in tuple(self.objects) if name.startswith(prefix)])

    def settle(self, names: Sequence[str]) -> None:
        """Memory has no power cut that it could survive."""

    def delete(self, name: str) -> None:
        """See `ObjectStore.delete`."""
        self.objects.pop(check_name(name), None)

    def close(self) -> None:
        """See `ObjectStore.close`."""

    def publish(self, name: str, data: bytes) -> None:
        """Add an object; an equally long one of that name is kept.

        Raises:
            CorruptData: The existing object has another size.
        """
        with self._lock:
            existing = self.objects.setdefault(check_name(name), data)
        if len(existing) != len(data):
            raise CorruptData(f"object {name} exists with {len(existing)} bytes, expected {len(data)}")


class _MemoryWriter:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._data = bytearray()
        self._published = False

    def write(self, pieces: Sequence[Buffer]) -> None:
        for piece in pieces:
            self._data += piece

    def publish(self, name: str) -> None:
        if not self._published:
            self._store.publish(name, bytes(self._data))
            self._published = True

    def discard(self) -> None:
        self._data = bytearray()
