"""A blob of a server as a seekable file: blocks are fetched when they are read, and a few are kept."""

from __future__ import annotations

import io
from collections import OrderedDict
from typing import BinaryIO

from blake3 import blake3

from rollbook.blobs.store import Buffer
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidInput
from rollbook.sdk.remote.cache import BlobCache
from rollbook.sdk.remote.client import Client

BLOCK_BYTES = 1024 * 1024
_KEPT = 8


def open_blob(client: Client, where: str, digest: Digest, cache: BlobCache | None = None) -> BinaryIO:
    """Open a blob that a project holds.

    A blob of one block is compared with its digest; of a larger one each block is compared with the digest that the
    server, which checks its chunks, sends along.

    Args:
        client: The server.
        where: The project's path (`rollbook.sdk.remote.client.project_path`).
        digest: The blob.
        cache: What was fetched before, or None.

    Raises:
        NotFound: No version of the project holds it.
        Unavailable: The server cannot be reached.
    """
    kept = cache.open(digest) if cache is not None else None
    return kept or io.BufferedReader(_RawRemote(client, where, digest), buffer_size=256 * 1024)


class _RawRemote(io.RawIOBase):
    """Reads by ranges."""

    def __init__(self, client: Client, where: str, digest: Digest) -> None:
        super().__init__()
        self._client = client
        self._path = f"{where}/blobs/{digest}"
        self._digest = digest
        self._position = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._size = 0
        self._size = self._first()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise InvalidInput(f"cannot seek to {base + offset}", hint="positions begin at 0")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Buffer, /) -> int:  # type: ignore[override]
        if self._position >= self._size:
            return 0
        number, within = divmod(self._position, BLOCK_BYTES)
        target = memoryview(buffer).cast("B")
        piece = memoryview(self._block(number))[within : within + len(target)]
        target[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def _first(self) -> int:
        """Fetch the first block, and learn the size of the whole."""
        data, said = self._ask(0)
        size = int(said.rpartition("/")[2]) if said else len(data)
        if size == len(data) and blake3(data).digest() != self._digest.raw:
            raise CorruptData(f"blob {self._digest} has other bytes as it was received", hint="try again")
        self._blocks[0] = data
        return size

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            data, _ = self._ask(number)
            wanted = min(BLOCK_BYTES, self._size - number * BLOCK_BYTES)
            if len(data) != wanted:
                raise CorruptData(f"blob {self._digest} has {len(data)} bytes where {wanted} were asked for")
            self._blocks[number] = data
            if len(self._blocks) > _KEPT:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _ask(self, number: int) -> tuple[bytes, str]:
        """A block, checked, and its range as the server says it; an empty blob has none."""
        start = number * BLOCK_BYTES
        headers = {"Range": f"bytes={start}-{start + BLOCK_BYTES - 1}"}
        with self._client.open("GET", self._path, headers=headers) as answer:
            data = b"".join(answer.iter_raw())
            told = answer.headers.get("Rollbook-Blake3", "")
            said = answer.headers.get("Content-Range", "")
        if blake3(data).hexdigest() != told:
            raise CorruptData(f"a block of blob {self._digest} has other bytes as it was received", hint="try again")
        return data, said
