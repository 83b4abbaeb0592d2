"""The room's door: bytes by digest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Self

from blake3 import blake3

from rollbook.blobs.collect import Collector
from rollbook.blobs.exchange import Exchange
from rollbook.blobs.fetch import Fetcher
from rollbook.blobs.index import Index
from rollbook.blobs.local import LocalStore
from rollbook.blobs.openfile import open_view
from rollbook.blobs.pack import load_table
from rollbook.blobs.progress import Progress
from rollbook.blobs.reading import Reader, check_blob
from rollbook.blobs.scrub import Scrubber
from rollbook.blobs.store import ObjectStore
from rollbook.blobs.values import Damage, Stats
from rollbook.blobs.wholeness import Wholeness
from rollbook.blobs.writer import BlobWriter
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidInput, NotFound

_READ_LIMIT = 64 * 1024 * 1024


class Blobs:
    """Blobs in one store. Safe to use from several threads; several processes may use one store at once.

    Args:
        store: Where the bytes lie.
        read_only: Refuse writers.
        tables: The same store with a quicker way to index tables; damage is still looked for in `store`.
    """

    def __init__(self, store: ObjectStore, *, read_only: bool = False, tables: ObjectStore | None = None) -> None:
        self._store = store
        self._read_only = read_only
        self._index = Index(tables or store)
        self._reader = Reader(store, self._index)
        self._wholeness = Wholeness(self._index, self._reader)

    @classmethod
    def open_local(cls, root: Path, *, read_only: bool = False) -> Self:
        """Blobs in a local folder, which is made when first written to.

        Args:
            root: The folder.
            read_only: Refuse writers.
        """
        return cls(LocalStore(root), read_only=read_only)

    @property
    def store(self) -> ObjectStore:
        """Where the bytes lie: for whoever copies objects as they are."""
        return self._store

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of open files, so that the folder can be unmounted. The value may be used again."""
        self._store.close()

    def writer(self) -> BlobWriter:
        """A writer; use it as a context manager and `commit` inside.

        Raises:
            InvalidInput: The store was opened for reading only.
        """
        if self._read_only:
            raise InvalidInput("these blobs are open for reading only", hint="open them without `read_only`")
        return BlobWriter(self._store, self._index, self._reader, self._wholeness.remembering())

    def exchange(self) -> Exchange:
        """Chunks and recipes on their way to or from a store that is elsewhere."""
        return Exchange(self._store, self._index, self._reader, read_only=self._read_only)

    def has(self, digest: Digest) -> bool:
        """Whether a blob is known, also when another process has just added it."""
        return self._reader.known(digest) is not None

    def missing(self, digests: Iterable[Digest]) -> set[Digest]:
        """Those of many blobs that are not known, also when another process has just added them.

        Raises:
            InvalidInput: A digest is not one that names bytes.
        """
        left = {check_blob(digest): digest for digest in digests}
        found = self._index.find_many(left.keys())
        if len(found) < len(left):
            self._index.refresh()
            found |= self._index.find_many(left.keys() - found.keys())
        return {digest for raw, digest in left.items() if raw not in found}

    @property
    def epoch(self) -> int | None:
        """The epoch that was observed last, or None."""
        return self._wholeness.epoch

    def observe(self, epoch: int, condemned: Collection[bytes]) -> None:
        """Go on in an epoch of the catalog's, without the packs (raw ids) that are condemned in it."""
        self._wholeness.observe(epoch, condemned)

    def incomplete(self, digests: Iterable[Digest]) -> set[Digest]:
        """Those of many blobs that are not stored whole, as far as the observed epoch knows.

        Raises:
            InvalidInput: A digest is not one that names bytes.
        """
        return self._wholeness.incomplete(digests)

    def collector(self, folder: Path | None = None) -> Collector:
        """What finds and removes bytes that nothing needs.

        Args:
            folder: Where temporary files go.

        Raises:
            InvalidInput: The store was opened for reading only.
        """
        if self._read_only:
            raise InvalidInput("these blobs are open for reading only", hint="open them without `read_only`")
        return Collector(self._store, self._index, self._reader, folder)

    def size(self, digest: Digest) -> int:
        """Length of a blob in bytes.

        Raises:
            NotFound: No such blob.
        """
        return self._reader.locate(digest).plain

    def read(self, digest: Digest, *, limit: int = _READ_LIMIT) -> bytes:
        """A whole blob, compared with its digest.

        Args:
            digest: Its name.
            limit: Refuse blobs of more bytes.

        Raises:
            CorruptData: It is damaged.
            InvalidInput: It is larger than `limit`.
            NotFound: No such blob.
        """
        view = self._reader.open(digest)
        if view.size > limit:
            raise InvalidInput(f"blob {digest} has {view.size:,} bytes, more than {limit:,}", hint="stream or fetch it")
        data = b"".join(view.pieces(0, view.size))
        if blake3(data).digest() != digest.raw:
            raise CorruptData(f"blob {digest} is damaged: its chunks do not make up its bytes")
        return data

    def stream(self, digest: Digest, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Bytes of a blob in pieces, each compared with the digest of its chunk.

        Args:
            digest: The blob.
            offset: First byte, at least 0.
            length: How many bytes at most; None for all.

        Raises:
            CorruptData: A chunk is damaged; nothing of it has been given out.
            InvalidInput: A negative offset or length.
            NotFound: No such blob.
        """
        if offset < 0 or (length is not None and length < 0):
            raise InvalidInput(f"no such range: offset {offset}, length {length}", hint="both count from 0 upwards")
        view = self._reader.open(digest)
        stop = view.size if length is None else min(view.size, offset + length)
        return (bytes(piece) for piece in view.pieces(offset, stop) if len(piece))

    def open(self, digest: Digest) -> BinaryIO:
        """A blob as a seekable, buffered binary file. Reads raise `CorruptData` instead of giving wrong bytes.

        Raises:
            CorruptData: Its recipe is damaged.
            NotFound: No such blob.
        """
        return open_view(self._reader.open(digest))

    def fetch(self, items: Iterable[tuple[Digest, Path]], *, progress: Progress | None = None) -> None:
        """Write blobs to files. A path that exists is replaced, at once, when all its bytes have been checked.

        Args:
            items: Blobs and where to put them.
            progress: Called with the number of bytes written since the last call.

        Raises:
            CorruptData: A blob is damaged; its path is as it was.
            NotFound: No such blob.
            StorageFull: No room.
        """
        Fetcher(self._store, self._reader, progress).fetch(items)

    def verify(self, digests: Iterable[Digest] | None = None, *, progress: Progress | None = None) -> Iterator[Damage]:
        """Look for damage.

        Args:
            digests: The blobs to read whole; None to read every byte of the store.
            progress: Called with the number of bytes looked at since the last call.

        Yields:
            One value per fault, as it is found.
        """
        collected = bool(self._wholeness.epoch)
        scrubber = Scrubber(self._store, self._index, self._reader, progress, collected=collected)
        return scrubber.everything() if digests is None else scrubber.blobs(digests)

    def stats(self) -> Stats:
        """Sizes, summed over all packs whose index can be read."""
        self._index.refresh()
        logical = stored = chunks = 0
        packs = self._index.packs()
        for pack in packs:
            try:
                foot = load_table(self._store, pack).foot
            except (CorruptData, NotFound):
                continue
            logical, stored, chunks = logical + foot.plain, stored + foot.stored, chunks + foot.chunks
        return Stats(logical_bytes=logical, stored_bytes=stored, packs=len(packs), chunks=chunks)
