"""Looks for damage: of chosen blobs, or of every byte of a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from blake3 import blake3

from rollbook.blobs.index import Index
from rollbook.blobs.kinds import DELTA, RAW, RECIPE, SEALED, ZSTD
from rollbook.blobs.merge import load_merged
from rollbook.blobs.names import MERGED, PACKS, is_merged, pack_name, parse_pack, table_name
from rollbook.blobs.pack import table_beside, table_inside
from rollbook.blobs.progress import Progress, silent
from rollbook.blobs.reading import Reader
from rollbook.blobs.recipe import Recipe
from rollbook.blobs.store import ObjectStore, read_exact
from rollbook.blobs.table import Record, Table
from rollbook.blobs.values import Damage, Location
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, NotFound, RollbookError, Unavailable, UnsupportedFormat

_FAULTS = (CorruptData, NotFound, Unavailable)


class Scrubber:
    """Verifies one store.

    Args:
        store: What to look through.
        index: Its index.
        reader: Reads from it.
        progress: Called with the number of stored bytes looked at since the last call.
        collected: Whether packs were ever collected. A recipe that nothing needs may then outlive its chunks, and
            only who knows what is needed can tell.
    """

    def __init__(
        self, store: ObjectStore, index: Index, reader: Reader, progress: Progress | None, *, collected: bool = False
    ) -> None:
        self._collected = collected
        self._store = store
        self._index = index
        self._reader = reader
        self._progress = progress or silent

    def blobs(self, digests: Iterable[Digest]) -> Iterator[Damage]:
        """Read some blobs whole and compare each with its digest."""
        for digest in digests:
            try:
                yield from self._blob(digest)
            except _FAULTS as error:
                yield Damage(self._object_of(digest), digest, error.message)

    def everything(self) -> Iterator[Damage]:
        """Read every object of the store and compare every byte with what commits to it."""
        seen: dict[bytes, set[str]] = {}
        for pack, suffix in filter(None, map(parse_pack, self._store.list(PACKS))):
            seen.setdefault(pack, set()).add(suffix)
        self._index.refresh()
        for pack, suffixes in sorted(seen.items()):
            if suffixes == {"pack"}:
                continue  # a writer died before it made the pack visible
            yield from self._pack(pack)
        yield from self._merged()

    def _blob(self, digest: Digest) -> Iterator[Damage]:
        view = self._reader.open(digest)
        whole = blake3()
        for piece in view.pieces(0, view.size):
            whole.update(piece)
            self._progress(len(piece))
        if whole.digest() != digest.raw:
            yield Damage(self._object_of(digest), digest, "its chunks do not make up its bytes")

    def _object_of(self, digest: Digest) -> str:
        place = self._index.find(digest.raw)
        return pack_name(place.pack) if place else ""

    def _pack(self, pack: bytes) -> Iterator[Damage]:
        tables: list[Table] = []
        for name, load in ((table_name(pack), table_beside), (pack_name(pack), table_inside)):
            try:
                tables.append(load(self._store, pack))
            except _FAULTS as error:
                yield Damage(name, None, error.message)
        if tables and self._exists(pack):
            for record in sorted(tables[0].records(), key=lambda one: one.offset):
                yield from self._entry(pack, record)

    def _exists(self, pack: bytes) -> bool:
        try:
            return self._store.size(pack_name(pack)) is not None
        except RollbookError:
            return False  # reported with the table inside it

    def _entry(self, pack: bytes, record: Record) -> Iterator[Damage]:
        place = Location(pack, record.kind, record.offset, record.stored, record.plain, record.stored_digest)
        algorithm = "blake3-keyed" if record.kind == SEALED else "blake3"
        try:
            self._check_entry(place, record.digest)
        except _FAULTS as error:
            yield Damage(pack_name(pack), Digest.of_raw(algorithm, record.digest), error.message)
        self._progress(record.stored)

    def _check_entry(self, place: Location, digest: bytes) -> None:
        what = f"entry blake3:{digest.hex()} in {pack_name(place.pack)}"
        if place.kind in (RAW, ZSTD):
            self._reader.checked(digest, place)
        if place.kind != RAW:
            payload = read_exact(self._store, pack_name(place.pack), place.offset, place.stored)
            if blake3(payload).digest() != place.stored_digest:
                raise CorruptData(f"{what} is damaged: its stored bytes do not match their digest")
            if place.kind == RECIPE:
                self._check_recipe(Recipe(payload, place.plain, what), what)
        if place.kind not in (RAW, ZSTD, RECIPE, DELTA, SEALED):
            raise UnsupportedFormat(f"{what} is of kind {place.kind}, which this release does not know")

    def _check_recipe(self, recipe: Recipe, what: str) -> None:
        for piece in () if self._collected else recipe.pieces(0, recipe.size):
            if self._index.find(piece.digest) is None:
                raise CorruptData(f"{what} needs chunk blake3:{piece.digest.hex()}, which is missing")

    def _merged(self) -> Iterator[Damage]:
        for name in self._store.list(MERGED):
            if is_merged(name):
                try:
                    for _ in load_merged(self._store, name).packed():
                        pass
                except NotFound:
                    continue  # merged into another one meanwhile
                except (CorruptData, Unavailable) as error:
                    yield Damage(name, None, f"{error.message} (derived; it is rebuilt by itself)")
