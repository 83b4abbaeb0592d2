"""Digests: the names of bytes. A digest is a value with an algorithm, never a bare string."""

from __future__ import annotations

import hashlib
import re
from typing import Literal, Self, cast, get_args

import msgspec

from rollbook.model.errors import InvalidInput

Algorithm = Literal["sha256", "blake3", "blake3-keyed", "blake3-table"]
"""`sha256`: small things that people and standards check (versions, manifests, statements, log leaves).
`blake3`: bytes (files, chunks, packs). `blake3-keyed`: the same, keyed per erasure unit.
`blake3-table`: the canonical logical content of a table (schema and values)."""

_ALGORITHMS: tuple[str, ...] = get_args(Algorithm)
_HEX = re.compile(r"[0-9a-f]{64}\Z")


class Digest(msgspec.Struct, frozen=True, order=True):
    """A 256-bit digest.

    Attributes:
        algorithm: One of `Algorithm`.
        hex: 64 lowercase hexadecimal digits.
    """

    algorithm: Algorithm
    hex: str

    def __post_init__(self) -> None:
        if self.algorithm not in _ALGORITHMS:
            raise InvalidInput(f"unknown digest algorithm {self.algorithm!r}", hint=f"one of {', '.join(_ALGORITHMS)}")
        if not _HEX.match(self.hex):
            raise InvalidInput(f"not a digest: {self.hex[:80]!r}", hint="64 lowercase hexadecimal digits")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `algorithm:hex`.

        Raises:
            InvalidInput: The text is not a digest.
        """
        algorithm, _, digits = text.partition(":")
        return cls(cast(Algorithm, algorithm), digits)

    @classmethod
    def sha256(cls, data: bytes) -> Self:
        """SHA-256 of a small value."""
        return cls("sha256", hashlib.sha256(data).hexdigest())

    @classmethod
    def of_raw(cls, algorithm: Algorithm, raw: bytes) -> Self:
        """From 32 raw bytes."""
        return cls(algorithm, raw.hex())

    @property
    def raw(self) -> bytes:
        """The 32 raw bytes."""
        return bytes.fromhex(self.hex)

    @property
    def short(self) -> str:
        """The first 12 digits, for people."""
        return self.hex[:12]

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"
