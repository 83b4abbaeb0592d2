"""API keys: how they look, how they are made and read, and what is kept of them.

    rb-<public id: 8><secret: 43><checksum: 6>

All but the prefix is base62, without a further dash, so that `wandb login` takes it (a prefix up to the first dash,
then at least 40 letters, digits, `_` or `-`). The secret carries 256 bits. The checksum (CRC-32 of what stands before
it) lets scanners for leaked secrets tell a key from noise, and lets a mistyped key be refused without a look-up.

Only a keyed hash of a key is kept: who reads the database can neither use a key nor find out what it was.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import zlib

import msgspec

from rollbook.model.errors import InvalidInput

PREFIX = "rb-"
RANDOM_BYTES = 40
PUBLIC_RANDOM_BYTES = 8
MIN_SECRET, MAX_SECRET = 40, 512
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PUBLIC, _SECRET, _CHECKSUM = 8, 43, 6
_SECRET_BYTES = 32
_KEY = re.compile(rf"rb-([0-9A-Za-z]{{{_PUBLIC}}})[0-9A-Za-z]{{{_SECRET}}}([0-9A-Za-z]{{{_CHECKSUM}}})\Z")
# What the wandb client takes for a key; one made elsewhere may be adopted.
_FOREIGN = re.compile(r"[\w-]+\Z", re.ASCII)


class ApiKey(msgspec.Struct, frozen=True):
    """A key at the moment it is made or presented. Its text form never shows the secret.

    Attributes:
        public_id: What the key is called in lists; not secret.
        text: The whole key.
    """

    public_id: str
    text: str

    def __repr__(self) -> str:
        return f"ApiKey({self.public_id})"

    __str__ = __repr__


def make(random: bytes) -> ApiKey:
    """A key from `RANDOM_BYTES` random bytes."""
    public_id = public_id_of(random[_SECRET_BYTES:])
    body = f"{PREFIX}{public_id}{_base62(int.from_bytes(random[:_SECRET_BYTES]), _SECRET)}"
    return ApiKey(public_id, body + _checksum(body))


def public_id_of(random: bytes) -> str:
    """Eight letters and digits from at least eight random bytes."""
    return _base62(int.from_bytes(random), _PUBLIC)


def parse(text: str) -> ApiKey | None:
    """Read a key of our shape; None for any other text, and for one whose checksum is wrong."""
    match = _KEY.match(text)
    if match is None or match[2] != _checksum(text[:-_CHECKSUM]):
        return None
    return ApiKey(match[1], text)


def check_foreign(text: str) -> str:
    """Return `text` where it may be adopted as a key: one that another tool made, and that its clients accept.

    Raises:
        InvalidInput: It is too short to be a secret, has other characters, or looks like one of our own.
    """
    hint = "a W&B key has 40 characters or more: letters, digits, '_' and '-'"
    if not MIN_SECRET <= len(text) <= MAX_SECRET or not _FOREIGN.match(text):
        raise InvalidInput(f"a key of {len(text)} characters cannot be adopted", hint=hint)
    if text.startswith(PREFIX):
        raise InvalidInput("a key of Rollbook's own shape cannot be adopted", hint="leave the secret out to make a key")
    if len(set(text)) < 8:
        raise InvalidInput("a key of so few different characters is no secret", hint=hint)
    return text


def hash_of(text: str, pepper: bytes) -> str:
    """What is kept of a key or of another secret: its HMAC-SHA-256, in hexadecimal."""
    return hmac.new(pepper, text.encode(), hashlib.sha256).hexdigest()


def matches(kept: str, text: str, pepper: bytes) -> bool:
    """Whether a kept hash is that of this key; takes as long whichever characters differ."""
    return hmac.compare_digest(kept, hash_of(text, pepper))


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECKSUM)


def _base62(number: int, length: int) -> str:
    digits: list[str] = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
