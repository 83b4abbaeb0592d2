"""Finding and removing bytes that nothing needs. What is needed, and when something may go, others decide.

The order, and why nothing that is needed is ever lost, is in `docs/formats/blobs.md` ("Collection").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from rollbook.blobs.index import Index
from rollbook.blobs.kinds import RECIPE
from rollbook.blobs.prune import prune
from rollbook.blobs.reading import Reader
from rollbook.blobs.rewriting import Doomed, Rewriter, Rewritten
from rollbook.blobs.store import ObjectStore
from rollbook.blobs.survey import Inventory, Survey, object_names
from rollbook.model.digest import Digest


class Collector:
    """The steps of a collection over one store.

    Args:
        store: Where packs lie.
        index: Its index.
        reader: Reads from it.
        folder: Where temporary files go; None for the system's place.
    """

    def __init__(self, store: ObjectStore, index: Index, reader: Reader, folder: Path | None) -> None:
        self._store = store
        self._index = index
        self._reader = reader
        self._folder = folder

    def survey(self, roots: Iterable[Digest], hints: Iterable[bytes] = ()) -> Survey:
        """Look at every pack, and at what of it the roots need.

        Args:
            roots: Blobs that are needed whole.
            hints: Raw digests of blobs or chunks that are kept where they are there.

        Raises:
            CorruptData: Something needed is missing or damaged; nothing may be collected.
            UnsupportedFormat: Something needed was written by a newer release.
        """
        self._index.refresh()
        inventory = Inventory(self._store, self._index, self._reader, self._folder)
        with inventory, inventory.expand(roots, hints) as needed:
            return inventory.survey(needed)

    def inventory(self) -> Inventory:
        """Every entry of the store, to be joined with sorted digests. A context manager."""
        self._index.refresh()
        return Inventory(self._store, self._index, self._reader, self._folder)

    def rewrite(self, doomed: Mapping[bytes, Doomed], halves: AbstractSet[bytes] = frozenset()) -> Rewritten:
        """Copy what is needed of packs that will go into new packs, durably; see `Rewriter`."""
        self._index.refresh()
        return Rewriter(self._store, self._index, self._reader, doomed, halves).run()

    def spare(self, roots: Iterable[Digest], doomed: AbstractSet[bytes]) -> set[bytes]:
        """Those of some doomed packs that some blobs cannot do without.

        Raises:
            CorruptData: A recipe is damaged.
            NotFound: A blob is not stored.
        """
        self._index.refresh()
        found: set[bytes] = set()
        for root in roots:
            place = self._reader.locate(root)
            needed = {root.raw}
            if place.kind == RECIPE:
                view = self._reader.open(root)
                needed.update(part.piece.digest for part in view.parts(0, view.size))
            for digest in needed:
                packs = {copy.pack for copy in self._index.copies(digest)}
                if packs <= doomed:
                    found |= packs
        return found

    def remove(self, pack: bytes) -> None:
        """Remove a pack's objects: the one that makes it visible first. Doing it again does nothing.

        Raises:
            Unavailable: The store refuses.
        """
        for name in object_names(pack):
            self._store.delete(name)

    def forget(self, packs: frozenset[bytes]) -> None:
        """Take removed packs out of merged tables.

        Raises:
            Unavailable: The store refuses; nothing but speed depends on it.
        """
        prune(self._store, packs)
        self._index.refresh()
