"""The port under the room: immutable named objects.

A store knows nothing about chunks, packs or digests. Names are slash-separated segments of `[a-z0-9.]`; an object
appears whole or not at all, and is never replaced. Everything else (retries, checks, faults in tests) is a wrapper.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeAlias

from rollbook.model.errors import CorruptData, InternalError

Buffer: TypeAlias = bytes | bytearray | memoryview

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.")


class ObjectWriter(Protocol):
    """An object being written. It has no name, and nobody can see it, until `publish`."""

    def write(self, pieces: Sequence[Buffer]) -> None:
        """Append the pieces in order.

        Raises:
            StorageFull: No room, or no permission to write.
            Unavailable: The device failed.
        """
        ...

    def publish(self, name: str) -> None:
        """Make the object durable, then visible under `name`, then the name durable.

        When an object of that name exists, it is kept and this one is dropped. Doing it again after it succeeded does
        nothing, so that it can be repeated when the answer was lost.

        Raises:
            CorruptData: The existing object has another size.
            StorageFull: No room, or no permission to write.
            Unavailable: The device failed; nothing is visible under the name, or the whole object is.
        """
        ...

    def discard(self) -> None:
        """Forget the object. Does nothing after `publish` or a second time; never raises."""
        ...


class ObjectStore(Protocol):
    """Immutable named objects. Safe to use from several threads and processes at once."""

    def create(self) -> ObjectWriter:
        """Begin an object."""
        ...

    def read_into(self, name: str, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset` and return the number of bytes, fewer only at the object's end.

        Raises:
            NotFound: No such object.
            CorruptData: Something that is not an object lies under the name.
            Unavailable: The device failed.
        """
        ...

    def size(self, name: str) -> int | None:
        """Length of an object in bytes, or None when there is none."""
        ...

    def list(self, prefix: str) -> Iterator[str]:
        """Names that begin with `prefix`, in no order; files that are not ours may be among them."""
        ...

    def settle(self, names: Sequence[str]) -> None:
        """Make sure that visible objects, whoever published them, also survive a power cut."""
        ...

    def delete(self, name: str) -> None:
        """Remove an object; absent is fine."""
        ...

    def close(self) -> None:
        """Let go of files or connections. The store may be used again; it then opens what it needs."""
        ...


def check_name(name: str) -> str:
    """Return `name` if it can name an object.

    Raises:
        InternalError: It could not be one of ours; names are made of digests, so this is a bug.
    """
    parts = name.split("/")
    if not all(part and part[0] != "." and _SAFE.issuperset(part) for part in parts):
        raise InternalError(f"not an object name: {name[:100]!r}")
    return name


def read_exact(store: ObjectStore, name: str, offset: int, length: int) -> bytearray:
    """Read exactly `length` bytes.

    Raises:
        CorruptData: The object ends early.
        NotFound: No such object.
        Unavailable: The device failed.
    """
    data = bytearray(length)
    fill_exact(store, name, offset, memoryview(data))
    return data


def fill_exact(store: ObjectStore, name: str, offset: int, buffer: memoryview) -> None:
    """Fill the whole `buffer`, or raise as `read_exact` does."""
    got = store.read_into(name, offset, buffer)
    if got != len(buffer):
        raise CorruptData(
            f"object {name} ends at byte {offset + got}, expected at least {offset + len(buffer)}",
            hint="it was truncated; restore it from a backup, or log the same content again",
        )
