"""Ids: UUIDv7 for everything, and the short names that people type. Time and randomness are arguments."""

from __future__ import annotations

import uuid

RANDOM_BYTES = 16
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_SHORT = 8


def uuid7(at: int, random: bytes) -> str:
    """A UUIDv7 (RFC 9562): sorts by time.

    Args:
        at: UTC microseconds.
        random: 16 random bytes.
    """
    milliseconds = at // 1000
    value = (milliseconds << 80) | (int.from_bytes(random[:10]) & ((1 << 80) - 1))
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return str(uuid.UUID(int=value))


def short_id(random: bytes) -> str:
    """Eight letters and digits, as W&B names its runs."""
    number = int.from_bytes(random)
    digits: list[str] = []
    for _ in range(_SHORT):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(digits)
