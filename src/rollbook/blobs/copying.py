"""Packs and their tables from one store to another, object by object: what is there already is not sent again.

A pack goes before its table, which makes it visible. So a copy that was cut off is smaller, never wrong, and doing it
again goes on where it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from rollbook.blobs.names import MERGED, PACKS, is_merged, parse_pack
from rollbook.blobs.store import ObjectStore
from rollbook.model.errors import CorruptData, NotFound

_BLOCK = 4 * 1024 * 1024


class Copied(NamedTuple):
    """What a copy sent.

    Attributes:
        objects: How many.
        bytes: Their size.
    """

    objects: int
    bytes: int


def objects_of(store: ObjectStore) -> list[str]:
    """Names of all packs that count, each before its table, then those of merged tables."""
    listed = set(store.list(PACKS))
    packs = sorted(name for name in listed if (parsed := parse_pack(name)) and parsed[1] == "pack")
    whole = [(name, table) for name in packs if (table := f"{name.removesuffix('.pack')}.idx") in listed]
    merged = sorted(name for name in store.list(MERGED) if is_merged(name))
    return [*(name for pair in whole for name in pair), *merged]


def copy_objects(source: ObjectStore, target: ObjectStore, progress: Callable[[int], None]) -> Copied:
    """Send every object that the target lacks.

    Args:
        source: Where they are. What somebody removes meanwhile is left out.
        target: Where they go.
        progress: Called with the number of bytes sent since the last call.

    Raises:
        CorruptData: The target has an object of the same name and another size, or the source one that ends early.
        StorageFull: No room.
        Unavailable: One of the two is away.
    """
    there = {*target.list(PACKS), *target.list(MERGED)}
    objects = sent = 0
    for name in objects_of(source):
        size = source.size(name)
        if size is None or (name in there and target.size(name) == size):
            continue
        try:
            _send(source, target, name, size)
        except NotFound:
            continue
        objects, sent = objects + 1, sent + size
        progress(size)
    return Copied(objects, sent)


def _send(source: ObjectStore, target: ObjectStore, name: str, size: int) -> None:
    writer = target.create()
    try:
        for block in _blocks(source, name, size):
            writer.write([block])
        writer.publish(name)
    finally:
        writer.discard()


def _blocks(source: ObjectStore, name: str, size: int) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(_BLOCK))
    offset = 0
    while offset < size:
        got = source.read_into(name, offset, buffer[: min(_BLOCK, size - offset)])
        if not got:
            raise CorruptData(f"object {name} ends at byte {offset} of {size}", hint="run 'rollbook verify'")
        yield buffer[:got]
        offset += got
