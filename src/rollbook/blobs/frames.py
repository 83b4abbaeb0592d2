"""Entries as a stream of bytes, for a journey between two stores. `docs/formats/transfer.md` gives it byte by byte.

A stream says where it ends, so that one that was cut off is told from a whole one. Nothing in it is believed: digests
are for the receiver to check.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rollbook.blobs.kinds import MOST_CHUNK_BYTES, RAW, RECIPE, ZSTD, describe
from rollbook.blobs.store import Buffer
from rollbook.model.errors import InvalidInput

FAILED = 253
"""The sender could not go on: the payload is an error's document, and nothing follows."""
LARGE = 254
"""Not sent along: a blob that is asked for by itself. Its frame has no payload, and states the blob's length."""
END = 255
"""The last frame: no digest, no payload, and the number of frames before it in place of a length."""
VERSION = 1
HEAD = struct.pack("<6sH", b"RBKFRM", VERSION)
FRAME = struct.Struct("<32sB3xIQ")
MOST_RECIPE_BYTES = 48 * 1024 * 1024
_NO_DIGEST = bytes(32)
_MOST_PAYLOAD = {
    RAW: MOST_CHUNK_BYTES,
    ZSTD: MOST_CHUNK_BYTES,
    RECIPE: MOST_RECIPE_BYTES,
    FAILED: 65_536,
    LARGE: 0,
    END: 0,
}


class Frame(NamedTuple):
    """One entry on its way.

    Attributes:
        digest: Raw name of the entry, as the sender says.
        kind: Entry kind, `LARGE` or `FAILED`.
        plain: Length of what it stands for, as the sender says.
        payload: Stored bytes.
    """

    digest: bytes
    kind: int
    plain: int
    payload: Buffer


def write_frames(frames: Iterable[Frame], block: int) -> Iterator[bytes]:
    """A whole stream, in pieces of at least `block` bytes but for the last."""
    pieces: list[Buffer] = [HEAD]
    size = len(HEAD)
    count = 0
    for frame in frames:
        count += 1
        pieces += (FRAME.pack(frame.digest, frame.kind, len(frame.payload), frame.plain), frame.payload)
        size += FRAME.size + len(frame.payload)
        if size >= block:
            yield b"".join(pieces)
            pieces, size = [], 0
    yield b"".join((*pieces, FRAME.pack(_NO_DIGEST, END, 0, count)))


def stream_size(payloads: Iterable[int]) -> int:
    """Bytes of a whole stream of frames with payloads of these lengths."""
    return len(HEAD) + FRAME.size + sum(FRAME.size + size for size in payloads)


class FrameReader:
    """Takes a stream apart as it arrives, in pieces of any size."""

    def __init__(self) -> None:
        self._pieces: list[Buffer] = []
        self._have = 0
        self._need = len(HEAD)
        self._begun = False
        self._count = 0
        self.ended = False

    def feed(self, *pieces: Buffer) -> list[Frame]:
        """The frames that are whole with these pieces. Their payloads lie in one copy of them, made once.

        Raises:
            InvalidInput: This is no such stream.
        """
        self._pieces += pieces
        self._have += sum(map(len, pieces))
        if self._have < self._need:
            return []
        window = memoryview(self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces))
        frames: list[Frame] = []
        start = self._begin(window)
        while (frame := self._next(window, start)) is not None:
            frames.append(frame)
            start += FRAME.size + len(frame.payload)
        self._pieces.clear()
        self._pieces.append(window[start:])
        self._have = len(window) - start
        if self.ended and self._have > FRAME.size:
            raise InvalidInput("a stream of entries goes on behind its end", hint="send one stream per request")
        return frames

    def finish(self) -> None:
        """Nothing more will come.

        Raises:
            InvalidInput: The stream has no end.
        """
        if not self.ended:
            raise InvalidInput("a stream of entries was cut off", hint="send it again")

    def _begin(self, window: memoryview) -> int:
        if self._begun:
            return 0
        if bytes(window[: len(HEAD)]) != HEAD:
            raise InvalidInput("this is no stream of entries of version 1", hint="see docs/formats/transfer.md")
        self._begun = True
        return len(HEAD)

    def _next(self, window: memoryview, start: int) -> Frame | None:
        """The frame at `start`, or None where it is not whole yet; the end is no frame."""
        self._need = FRAME.size
        if self.ended or len(window) - start < FRAME.size:
            return None
        digest, kind, size, plain = FRAME.unpack_from(window, start)
        _check_size(kind, size)
        if kind == END:
            self._end(digest, plain)
            return None
        self._need = FRAME.size + size
        begin = start + FRAME.size
        if len(window) < begin + size:
            return None
        self._count += 1
        return Frame(digest, kind, plain, window[begin : begin + size])

    def _end(self, digest: bytes, count: int) -> None:
        if digest != _NO_DIGEST or count != self._count:
            raise InvalidInput(f"a stream of entries says that it has {count}, and has {self._count}")
        self.ended = True


def _check_size(kind: int, size: int) -> None:
    most = _MOST_PAYLOAD.get(kind)
    if most is None:
        raise InvalidInput(f"a frame of {describe(kind)} cannot be sent", hint="use a release that knows this kind")
    if size > most:
        raise InvalidInput(f"a frame of {describe(kind)} has {size:,} bytes, more than {most:,}")
