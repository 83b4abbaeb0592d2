"""How the stored payload of a chunk stands for its plain bytes.

The kinds `delta` and `sealed` are specified so that later releases can write them; this one refuses them by name.
"""

from __future__ import annotations

from threading import local as thread_local
from typing import NamedTuple

import zstandard
from blake3 import blake3

from rollbook.blobs.kinds import MOST_CHUNK_BYTES, RAW, ZSTD, describe
from rollbook.blobs.store import Buffer
from rollbook.model.errors import CorruptData, UnsupportedFormat

_LEVEL = 1
_WORTHWHILE = 0.95
_TOO_SMALL = 64
_PATIENCE = 8


class Encoded(NamedTuple):
    """A payload ready to be appended to a pack.

    Attributes:
        digest: Raw name of the entry.
        stored_digest: BLAKE3 of the payload, raw.
        kind: Entry kind.
        payload: The bytes to store.
        plain: Length of what they stand for.
    """

    digest: bytes
    stored_digest: bytes
    kind: int
    payload: Buffer
    plain: int


class Encoder:
    """Compresses the chunks of one blob where that saves at least one byte in twenty.

    When it has saved nothing many times in a row (weights, images), it tries only now and then.
    """

    def __init__(self) -> None:
        self._fruitless = 0

    def encode(self, digest: bytes, plain: Buffer) -> Encoded:
        """A chunk as an entry; one that is not compressed is not copied either.

        Args:
            digest: Raw BLAKE3 of the chunk.
            plain: Its bytes.
        """
        size = len(plain)
        if size >= _TOO_SMALL and (self._fruitless < _PATIENCE or self._fruitless % _PATIENCE == 0):
            packed = _contexts.compressor().compress(plain)
            if len(packed) < _WORTHWHILE * size:
                self._fruitless = 0
                return Encoded(digest, blake3(packed).digest(), ZSTD, packed, size)
        self._fruitless += 1
        return Encoded(digest, digest, RAW, plain, size)


def decode(kind: int, payload: Buffer, plain: int, what: str) -> Buffer:
    """The plain bytes of a chunk, not yet checked against its digest.

    Args:
        kind: Entry kind from the index.
        payload: Stored bytes.
        plain: Expected length.
        what: The entry, for error messages.

    Raises:
        CorruptData: The payload cannot be decoded, or to another length.
        UnsupportedFormat: This release cannot read the kind.
    """
    if kind not in (RAW, ZSTD):
        raise UnsupportedFormat(f"{what} is an entry of {describe(kind)}", hint="use a release that reads this kind")
    if plain > MOST_CHUNK_BYTES:
        raise CorruptData(f"{what} is damaged: no chunk has {plain} bytes")
    if kind == RAW:
        return payload
    try:
        if zstandard.frame_content_size(payload) != plain:
            raise CorruptData(f"{what} is damaged: its compressed frame states another length")
        return _contexts.decompressor().decompress(payload, max_output_size=plain)
    except zstandard.ZstdError as error:
        raise CorruptData(f"{what} is damaged: {error}") from error


class _Contexts(thread_local):
    """Compression contexts must not be shared between threads."""

    def __init__(self) -> None:
        self._compressor: zstandard.ZstdCompressor | None = None
        self._decompressor: zstandard.ZstdDecompressor | None = None

    def compressor(self) -> zstandard.ZstdCompressor:
        self._compressor = self._compressor or zstandard.ZstdCompressor(level=_LEVEL)
        return self._compressor

    def decompressor(self) -> zstandard.ZstdDecompressor:
        self._decompressor = self._decompressor or zstandard.ZstdDecompressor()
        return self._decompressor


_contexts = _Contexts()
