"""What a file is likely to hold: the chunks of a blob that it was found to be before.

Where a chunk ends depends on its own bytes alone. So where a file has, from a boundary on, the bytes of a chunk that
was once cut there, the cutter would cut the same and need not look: hashing those bytes, which is needed anyhow,
tells. A likeness that is wrong costs one hash where file and blob part, and changes nothing that is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from rollbook.blobs.recipe import Piece, Recipe
from rollbook.blobs.values import Location

_SAMPLES = 64


class Likeness:
    """The chunks of one stored blob, in order.

    Args:
        recipe: Of the blob.
        places: Where its chunks lie; those that are missing are not expected.

    Attributes:
        size: Length of the blob in bytes.
    """

    def __init__(self, recipe: Recipe, places: Mapping[bytes, Location]) -> None:
        self.size = recipe.size
        self._pieces = list(recipe.pieces(0, recipe.size))
        self._places = places
        # Not the last one: it may have ended because the blob did.
        expected = [(piece.digest, piece.size) for piece in self._pieces[:-1]]
        self._next = dict[bytes, tuple[bytes, int]]((one[0], other) for one, other in pairwise(expected))
        self._next[b""] = expected[0] if expected else (b"", 0)

    def after(self, digest: bytes) -> tuple[bytes, int]:
        """Digest and length of the chunk that followed this one; after `b""` comes the first, length 0 is none."""
        return self._next.get(digest, (b"", 0))

    def pack_of(self, digest: bytes) -> bytes | None:
        """The pack in which a chunk lies, or None where it is none of the blob's."""
        place = self._places.get(digest)
        return place.pack if place is not None else None

    def samples(self) -> Iterator[Piece]:
        """Some chunks from all over the blob, `start` and `stop` counted from its beginning."""
        start = 0
        step = max(1, len(self._pieces) // _SAMPLES)
        for number, piece in enumerate(self._pieces):
            if number % step == 0 or number == len(self._pieces) - 1:
                yield Piece(piece.digest, piece.size, start, start + piece.size)
            start += piece.size
