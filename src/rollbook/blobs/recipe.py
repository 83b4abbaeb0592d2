"""Recipes: the ordered chunks of a blob that has more than one."""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from rollbook.model.errors import CorruptData

_PIECE = struct.Struct("<32sI")
_DIGEST_BYTES = 32


class Piece(NamedTuple):
    """A part of a blob: the chunk it lies in and what to take of it.

    Attributes:
        digest: Raw digest of the chunk.
        size: Length of the whole chunk.
        start: First byte to take.
        stop: Byte after the last to take.
    """

    digest: bytes
    size: int
    start: int
    stop: int


class RecipeBuilder:
    """Collects the chunks of one blob in order."""

    def __init__(self) -> None:
        self.payload = bytearray()
        self.count = 0

    def add(self, digest: bytes, size: int) -> None:
        """Append a chunk."""
        self.payload += _PIECE.pack(digest, size)
        self.count += 1


class Recipe:
    """A recipe read back.

    Args:
        payload: Stored bytes, already checked.
        plain: Length of the blob.
        what: The entry, for error messages.

    Raises:
        CorruptData: The payload is no recipe for that length.
    """

    def __init__(self, payload: bytes | bytearray, plain: int, what: str) -> None:
        if len(payload) % _PIECE.size:
            raise CorruptData(f"{what} is not a whole number of pieces")
        self._payload = payload
        sizes = (size for _, size in _PIECE.iter_unpack(payload))
        self._starts = array("Q", accumulate(sizes, initial=0))
        if self._starts[-1] != plain:
            raise CorruptData(f"{what} describes {self._starts[-1]} bytes, expected {plain}")

    @property
    def size(self) -> int:
        """Length of the blob."""
        return self._starts[-1]

    def pieces(self, start: int, stop: int) -> Iterator[Piece]:
        """The pieces that make up the bytes `start` to `stop` of the blob."""
        number = bisect_right(self._starts, start) - 1
        while number < len(self._starts) - 1 and self._starts[number] < stop:
            first = self._starts[number]
            size = self._starts[number + 1] - first
            begin = number * _PIECE.size
            digest = bytes(self._payload[begin : begin + _DIGEST_BYTES])
            yield Piece(digest, size, max(0, start - first), min(size, stop - first))
            number += 1
