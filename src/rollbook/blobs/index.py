"""The index: which entry lies where, over all packs of a store.

A snapshot holds the merged tables and, for packs that no merged table covers yet, their own tables. A pack counts
only while both its objects are listed: content whose pack is gone is unknown, so logging it again heals it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from threading import RLock
from typing import NamedTuple

from rollbook.blobs.merge import load_merged, merge
from rollbook.blobs.names import MERGED, PACKS, is_merged, parse_pack
from rollbook.blobs.pack import load_table
from rollbook.blobs.store import ObjectStore
from rollbook.blobs.table import Table
from rollbook.blobs.values import Location
from rollbook.model.errors import CorruptData, NotFound, RollbookError, UnsupportedFormat

_LOOSE_PACKS = 8
_LOOSE_ENTRIES = 64 * 1024


class _Snapshot(NamedTuple):
    merged: tuple[Table, ...]
    loose: dict[bytes, Table]
    """Raw pack id -> its own table."""
    entries: dict[bytes, Table]
    """Raw digest -> one loose table that has it."""
    present: set[bytes]
    damaged: dict[bytes, RollbookError]
    """Packs whose index cannot be read, and why."""


class Index:
    """Look-ups over a store. Safe to use from several threads.

    Args:
        store: Where packs and tables lie.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._lock = RLock()
        self._opened: _Snapshot | None = None
        self._begun = self._done = 0
        """The numbers of the last look that was begun, and of the last that ended well."""
        self._distrusted: set[str] = set()
        self._hidden: frozenset[bytes] = frozenset()

    @property
    def hidden(self) -> frozenset[bytes]:
        """Packs that do not count, though their objects may still stand; see `hide`."""
        return self._hidden

    def hide(self, packs: frozenset[bytes]) -> None:
        """Do without these packs from now on, whatever the store lists, and look at the store again."""
        with self._lock:
            self._hidden = packs
            self.refresh()

    def find(self, digest: bytes) -> Location | None:
        """Where an entry lies, as far as this process has looked (see `refresh`)."""
        snapshot = self._snapshot()
        loose = snapshot.entries.get(digest)
        for table in snapshot.merged if loose is None else (loose, *snapshot.merged):
            try:
                for place in table.find(digest):
                    if place.pack in snapshot.present:
                        return place
            except (CorruptData, NotFound):
                self._distrust(table)
                return self.find(digest)
        return None

    def find_many(self, digests: AbstractSet[bytes]) -> dict[bytes, Location]:
        """Where entries lie, as `find`; those that are not known are left out."""
        snapshot = self._snapshot()
        found: dict[bytes, Location] = {}
        for table, asked in _divided(snapshot, digests):
            try:
                places = [item for item in table.find_many(asked - found.keys()) if item[1].pack in snapshot.present]
            except (CorruptData, NotFound):
                self._distrust(table)
                return self.find_many(digests)
            found.update(places)
        return found

    def copies(self, digest: bytes) -> list[Location]:
        """Every place where an entry lies; processes that store the same at once leave more than one."""
        snapshot = self._snapshot()
        places: set[Location] = set()
        for table in (*tuple(snapshot.loose.values()), *snapshot.merged):
            try:
                places.update(place for place in table.find(digest) if place.pack in snapshot.present)
            except (CorruptData, NotFound):
                continue  # `find` deals with the table; here it has nothing to offer
        return sorted(places)

    def refresh(self) -> None:
        """Look at the store again: other processes may have published packs.

        Threads that ask at once share a look: one that began after they asked tells them all that their own would.
        """
        begun = self._begun
        with self._lock:
            if self._done <= begun:
                self._begun += 1
                self._opened = self._look()
                self._done = self._begun

    def damaged(self) -> dict[bytes, RollbookError]:
        """Packs whose index cannot be read, and why."""
        return dict(self._snapshot().damaged)

    def packs(self) -> list[bytes]:
        """Raw ids of the packs that count, as far as this process has looked."""
        return sorted(self._snapshot().present)

    def adopt(self, pack: bytes, table: Table) -> None:
        """Take in a pack that this process has just published."""
        with self._lock:
            snapshot = self._snapshot()
            snapshot.present.add(pack)
            snapshot.loose[pack] = table
            snapshot.entries.update(dict.fromkeys(table.digests(), table))
            if len(snapshot.entries) > _LOOSE_ENTRIES:
                self._merge()

    def merge_if_many(self) -> None:
        """Merge loose tables when there are many, so that opening and look-ups stay fast."""
        with self._lock:
            if len(self._snapshot().loose) > _LOOSE_PACKS:
                self._merge()

    def _merge(self) -> None:
        """Merged tables are derived: a failure changes nothing that matters, doing it twice at once does no harm."""
        snapshot = self._snapshot()
        try:
            merged = merge(self._store, list(snapshot.loose.values()), snapshot.merged)
            for name in self._distrusted:
                self._store.delete(name)
        except RollbookError:
            return
        self._distrusted.clear()
        self._opened = snapshot._replace(merged=merged, loose={}, entries={})

    def _snapshot(self) -> _Snapshot:
        opened = self._opened
        if opened is None:
            with self._lock:
                opened = self._opened = self._opened or self._look()
        return opened

    def _look(self) -> _Snapshot:
        seen: dict[bytes, set[str]] = {}
        for pack, suffix in filter(None, map(parse_pack, self._store.list(PACKS))):
            seen.setdefault(pack, set()).add(suffix)
        present = {pack for pack, suffixes in seen.items() if len(suffixes) == 2} - self._hidden
        merged = self._load_merged()
        covered = {pack for table in merged for pack in table.packs}
        loose, damaged = self._load_loose(present - covered)
        entries: dict[bytes, Table] = {}
        for table in loose.values():
            entries.update(dict.fromkeys(table.digests(), table))
        return _Snapshot(tuple(merged), loose, entries, present, damaged)

    def _load_merged(self) -> list[Table]:
        known = {table.name: table for table in self._opened.merged} if self._opened else {}
        tables: list[Table] = []
        for name in self._store.list(MERGED):
            if is_merged(name) and name not in self._distrusted:
                try:
                    tables.append(known.get(name) or load_merged(self._store, name))
                except UnsupportedFormat:
                    continue  # a newer release's; the packs' own tables are asked instead
                except (CorruptData, NotFound):
                    self._distrusted.add(name)
        return tables

    def _load_loose(self, packs: Iterable[bytes]) -> tuple[dict[bytes, Table], dict[bytes, RollbookError]]:
        known = self._opened.loose if self._opened else {}
        loose: dict[bytes, Table] = {}
        damaged: dict[bytes, RollbookError] = {}
        for pack in packs:
            try:
                loose[pack] = known.get(pack) or load_table(self._store, pack)
            except (CorruptData, NotFound) as error:
                damaged[pack] = error
        return loose, damaged

    def _distrust(self, table: Table) -> None:
        """Do without a merged table that is damaged or gone; the packs' own tables take its place."""
        with self._lock:
            self._distrusted.add(table.name)
            self.refresh()


def _divided(snapshot: _Snapshot, digests: AbstractSet[bytes]) -> Iterator[tuple[Table, AbstractSet[bytes]]]:
    """Which table to ask for which digests: loose ones for what they have, then the merged ones for all."""
    loose: dict[str, tuple[Table, set[bytes]]] = {}
    for digest in digests:
        table = snapshot.entries.get(digest)
        if table is not None:
            loose.setdefault(table.name, (table, set()))[1].add(digest)
    yield from loose.values()
    yield from ((table, digests) for table in snapshot.merged)
