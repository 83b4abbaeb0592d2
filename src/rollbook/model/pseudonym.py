"""Pseudonyms: the one formula that turns a student's id into a name nobody can reverse without the key.

Formula:
    p = "ps1_" + key_id + "_" + base32(HMAC-SHA-256(secret, "student" || 0x00 || UTF-8(NFKC(trim(id))))[:16])

* `trim` removes Unicode white space at both ends before NFKC, and again after it (NFKC can make new spaces).
* An integer stands for its decimal digits, so `7` and `"7"` are one student.
* base32 is RFC 4648's alphabet in lower case without padding: 26 characters for 16 bytes.
* `key_id` is the first 8 lower-case base32 characters of SHA-256("rollbook key id" || 0x00 || secret): it says which
  key made a pseudonym, so that a join across key domains is seen, and says nothing about the secret.

A pseudonym is therefore 4 + 8 + 1 + 26 = 39 characters. It is still personal data: whoever holds the key can test ids.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata

import msgspec

from rollbook.model.errors import InvalidInput

_PREFIX = "ps1_"
_PSEUDONYM = re.compile(r"ps1_[a-z2-7]{8}_[a-z2-7]{26}\Z")
_MIN_SECRET = 32
_MAX_ID = 1024
_REMEMBERED = 250_000

# What a spreadsheet makes of an integer id: `7.0` and `1.2E+10` would silently be other students than `7`.
_FLOAT_TEXT = re.compile(r"[+-]?(?:\d+\.0*|\d+(?:\.\d+)?[eE]\+\d+)\Z")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Key(msgspec.Struct, frozen=True):
    """The secret of a key domain. Its text form never shows the secret.

    Attributes:
        secret: At least 32 random bytes. `repr` and `str` leave it out.

    Raises:
        InvalidInput: The secret is shorter than 32 bytes.
    """

    secret: bytes

    def __post_init__(self) -> None:
        if len(self.secret) < _MIN_SECRET:
            raise InvalidInput(
                f"a pseudonym key of {len(self.secret)} bytes is too short",
                hint="32 random bytes, for example from secrets.token_bytes(32)",
            )

    @property
    def key_id(self) -> str:
        """Eight characters that tell keys apart and reveal nothing of the secret."""
        return _base32(hashlib.sha256(b"rollbook key id\0" + self.secret).digest())[:8]

    def __repr__(self) -> str:
        return f"Key(key_id={self.key_id!r})"

    def __str__(self) -> str:
        return repr(self)


def pseudonym(key: Key, raw: str | int) -> str:
    """The pseudonym of one raw student id.

    Args:
        key: The key of the project's key domain.
        raw: The id as text or integer; `7`, `"7"` and `" 7 "` are the same student.

    Returns:
        39 characters, `ps1_<key id>_<code>`.

    Raises:
        InvalidInput: The id is a float, a bool, missing, empty, too long, or text that a float was printed as (`7.0`).
    """
    return Pseudonymiser(key)(raw)


class Pseudonymiser:
    """`pseudonym` for many ids, in which students come again and again: it remembers what it has made.

    Args:
        key: The key of the project's key domain.
    """

    def __init__(self, key: Key) -> None:
        self._secret = key.secret
        self._prefix = f"{_PREFIX}{key.key_id}_"
        self._made: dict[str, str] = {}

    def __call__(self, raw: object) -> str:
        """The pseudonym of `raw`; see `pseudonym`.

        Raises:
            InvalidInput: As in `pseudonym`.
        """
        text = normal_id(raw)
        name = self._made.get(text)
        if name is None:
            digest = hmac.digest(self._secret, b"student\0" + text.encode(), "sha256")
            name = self._prefix + _base32(digest[:16])
            if len(self._made) >= _REMEMBERED:
                self._made.clear()
            self._made[text] = name
        return name


def is_pseudonym(text: str) -> bool:
    """Whether a text has the form of a pseudonym (of any key)."""
    return _PSEUDONYM.match(text) is not None


def key_id_of(text: str) -> str:
    """The key id inside a pseudonym.

    Raises:
        InvalidInput: The text is not a pseudonym.
    """
    if not is_pseudonym(text):
        raise InvalidInput("not a pseudonym", hint="the form is ps1_<8 characters>_<26 characters>")
    return text[len(_PREFIX) : len(_PREFIX) + 8]


def normal_id(raw: object) -> str:
    """The text of a raw id that is hashed: digits of an integer, or trimmed NFKC text.

    Raises:
        InvalidInput: See `pseudonym`.
    """
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise InvalidInput(f"a student id of type {type(raw).__name__} is refused", hint=_type_hint(raw))
    text = str(raw).strip()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        raise InvalidInput("an empty student id", hint="give every row a student, or leave the row out")
    if len(text) > _MAX_ID:
        raise InvalidInput(f"a student id of {len(text)} characters", hint=f"at most {_MAX_ID}")
    if _FLOAT_TEXT.match(text):
        raise InvalidInput(f"the student id {text!r} was written as a float", hint=_FLOAT_HINT)
    if _SURROGATE.search(text):
        raise InvalidInput("a student id holds half of a surrogate pair", hint="read the file as UTF-8")
    return text


_FLOAT_HINT = "read the column as text or integers: a float id such as 7.0 is another student than 7"


def _type_hint(raw: object) -> str:
    if isinstance(raw, float):
        return _FLOAT_HINT
    if raw is None:
        return "give every row a student, or leave the row out"
    return "use text or integers"


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()
