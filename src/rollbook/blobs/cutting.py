"""Cuts files for a store that is elsewhere: what the chunks are called, before anybody knows whether it wants them."""

from __future__ import annotations

from typing import NamedTuple

from blake3 import blake3

from rollbook.blobs.chunker import cut
from rollbook.blobs.recipe import RecipeBuilder
from rollbook.blobs.source import SINGLE, Segment, Span


class CutBlob(NamedTuple):
    """A blob whose last chunk was cut.

    Attributes:
        number: Which of the blobs.
        digest: Raw digest of the whole.
        size: Its length.
        recipe: Its chunks, as a recipe is stored; empty where it is one chunk, or where nothing was cut.
    """

    number: int
    digest: bytes
    size: int
    recipe: bytes


class Cut(NamedTuple):
    """What lies in a segment.

    Attributes:
        chunks: Raw digest and bytes of each chunk; the bytes lie in the segment's buffer.
        blobs: The blobs that end in it.
    """

    chunks: list[tuple[bytes, memoryview]]
    blobs: list[CutBlob]


class Cutter:
    """Turns segments, in order, into chunks and recipes."""

    def __init__(self) -> None:
        self._recipe = RecipeBuilder()
        self._rest = b""

    def take(self, segment: Segment) -> Cut:
        """The chunks of a segment that end in it. Spans of known blobs are not cut."""
        taken = Cut([], [])
        for span in segment.spans:
            recipe = b"" if span.known else self._take(segment.buffer, span, taken.chunks)
            if span.digest is not None and span.size is not None:
                taken.blobs.append(CutBlob(span.number, span.digest, span.size, recipe))
        return taken

    def _take(self, buffer: memoryview, span: Span, chunks: list[tuple[bytes, memoryview]]) -> bytes:
        if span.first:
            self._recipe, self._rest = RecipeBuilder(), b""
        if span.first and span.digest is not None and span.stop - span.start <= SINGLE:
            chunks.append((span.digest, buffer[span.start : span.stop]))
            return b""
        start = span.start - len(self._rest)
        buffer[start : span.start] = self._rest  # every buffer has room in front for what the last one left over
        window = buffer[start : span.stop]
        for chunk in cut(window, final=span.digest is not None):
            digest = blake3(chunk).digest()
            self._recipe.add(digest, len(chunk))
            chunks.append((digest, chunk))
            window = window[len(chunk) :]
        self._rest = bytes(window)
        return bytes(self._recipe.payload) if span.digest is not None and self._recipe.count > 1 else b""
