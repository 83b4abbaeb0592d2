"""A blob as a seekable binary file."""

from __future__ import annotations

import io

from rollbook.blobs.reading import View
from rollbook.blobs.store import Buffer
from rollbook.model.errors import InvalidInput

_READ_AHEAD = 256 * 1024


def open_view(view: View) -> io.BufferedReader:
    """A buffered file over an opened blob; every byte it gives was checked."""
    return io.BufferedReader(_RawBlob(view), buffer_size=_READ_AHEAD)


class _RawBlob(io.RawIOBase):
    """Keeps the chunk it read last, so that small reads do not decode it again."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view
        self._position = 0
        self._chunk: Buffer = b""
        self._chunk_start = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._view.size}[whence]
        if base + offset < 0:
            raise InvalidInput(f"cannot seek to {base + offset}", hint="positions begin at 0")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Buffer, /) -> int:  # type: ignore[override]
        if self._position >= self._view.size:
            return 0
        within = self._position - self._chunk_start
        if not 0 <= within < len(self._chunk):
            self._load()
            within = self._position - self._chunk_start
        target = memoryview(buffer).cast("B")
        piece = memoryview(self._chunk)[within : within + len(target)]
        target[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def _load(self) -> None:
        """Read the whole chunk around the position."""
        part = next(self._view.parts(self._position, self._position + 1))
        self._chunk_start = self._position - part.piece.start
        whole = self._chunk_start + part.piece.size
        self._chunk = next(self._view.pieces(self._chunk_start, whole))
