"""Entry kinds of format 1, as numbers in the index. Append-only. `docs/formats/blobs.md` specifies each payload."""

from __future__ import annotations

RAW = 0
ZSTD = 1
RECIPE = 2
DELTA = 3
SEALED = 4
MOST_CHUNK_BYTES = 4 * 1024 * 1024
MOST_PAYLOAD_BYTES = 1024 * 1024 * 1024
"""Limits of the format: no reader has to believe, or hold, more."""

_NAMES = {RAW: "raw", ZSTD: "zstd", RECIPE: "recipe", DELTA: "delta", SEALED: "sealed"}


def describe(kind: int) -> str:
    """The kind in words, for messages."""
    return f"kind {kind} ({_NAMES.get(kind, 'unknown')})"
