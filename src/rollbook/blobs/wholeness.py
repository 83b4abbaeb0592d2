"""Whether blobs are stored whole: with every chunk, in packs that nobody is about to remove.

What was found whole stays so until packs are condemned, which the catalog counts as epochs. So an answer is remembered
together with the epoch in which it was found, and forgotten with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from threading import Lock

from rollbook.blobs.index import Index
from rollbook.blobs.kinds import RECIPE
from rollbook.blobs.reading import Reader, check_blob
from rollbook.blobs.values import Location
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData

_REMEMBERED = 500_000


class Wholeness:
    """What is known to be whole. Safe to use from several threads.

    Args:
        index: Where entries lie.
        reader: Reads recipes.
    """

    def __init__(self, index: Index, reader: Reader) -> None:
        self._index = index
        self._reader = reader
        self._lock = Lock()
        self._epoch: int | None = None
        self._whole: set[bytes] = set()

    @property
    def epoch(self) -> int | None:
        """The epoch that was observed last."""
        return self._epoch

    def observe(self, epoch: int, condemned: Collection[bytes]) -> None:
        """Go on in this epoch: do without the condemned packs, and look at the store again.

        Args:
            epoch: As the catalog counts it. It must have been read before this call.
            condemned: Raw ids of all packs that are condemned in it.
        """
        with self._lock:
            if self._epoch is not None and epoch <= self._epoch:
                return  # another thread is ahead: what it does without stays out
            self._index.hide(frozenset(condemned))
            self._whole = set()
            self._epoch = epoch

    def remembering(self) -> Callable[[Iterable[bytes]], None]:
        """A function that remembers blobs as whole, if the epoch is still that of this call."""
        begun = self._epoch

        def remember(digests: Iterable[bytes]) -> None:
            with self._lock:
                if begun is not None and begun == self._epoch:
                    self._remember(digests)

        return remember

    def incomplete(self, digests: Iterable[Digest]) -> set[Digest]:
        """Those of some blobs that are not stored whole.

        Raises:
            InvalidInput: A digest is not one that names bytes.
        """
        asked = {check_blob(digest): digest for digest in digests}
        begun = self.remembering()
        left = asked.keys() - self._whole
        places = self._index.find_many(left)
        if len(places) < len(left):
            self._index.refresh()
            places |= self._index.find_many(left - places.keys())
        whole = {raw for raw, place in places.items() if self._has_chunks(raw, place)}
        begun(whole)
        return {asked[raw] for raw in left - whole}

    def _has_chunks(self, digest: bytes, place: Location) -> bool:
        if place.kind != RECIPE:
            return True
        try:
            recipe = self._reader.recipe(digest, place)
        except CorruptData:
            return False
        chunks = {piece.digest for piece in recipe.pieces(0, recipe.size)}
        return len(self._index.find_many(chunks)) == len(chunks)

    def _remember(self, digests: Iterable[bytes]) -> None:
        self._whole.update(digests)
        if len(self._whole) > _REMEMBERED:
            self._whole = set()
