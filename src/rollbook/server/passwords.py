"""Passwords: which are good enough, and how they are hashed (argon2id) and checked, a bounded number at a time."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from rollbook.model.errors import InvalidInput, Unavailable

LEAST, MOST = 12, 256
AT_ONCE = 2
PATIENCE_SECONDS = 5
_COMMON = """
abcd1234abcd abcdefghijkl abcdefghijklm admin adminadmin administrator alexander asdfghjkl asdfghjklzxc baseball
changeme charlotte chocolate computer correcthorsebatterystaple default dragon elizabeth football footballfan iloveyou
iloveyouforever internet jennifer letmein liverpool manchester manchesterunited master michelle monkey motdepasse
onetwothreefour p4ssw0rd passphrase passw0rd password passwordpassword princess qazwsxedc qazwsxedcrfv qwerty
qwertyqwerty qwertyuiop qwertyuiopas qwertz rollbook rollbookrollbook school schoolschool secret starwars student
students sunshine superman supersecret teacher teachers testtest thisisapassword trustno1 university unknown welcome
welcomewelcome whatever zxcvbnm zxcvbnmasdfgh
"""
"""What lists of leaked passwords are led by, and what people choose here; also with digits and signs around it."""
_GUESSED = frozenset(_COMMON.split())
_hasher = PasswordHasher()
_turns = threading.BoundedSemaphore(AT_ONCE)


def hash_password(password: str, user: str) -> str:
    """What is kept of a password.

    Raises:
        InvalidInput: It is too short, too long or easily guessed.
    """
    _check(password, user)
    with _turn():
        return _hasher.hash(_normal(password))


def is_right(kept: str | None, password: str) -> bool:
    """Whether this is the password whose hash was kept. Takes as long where there is no such user or password.

    Raises:
        Unavailable: Too many are being checked.
    """
    if len(password) > MOST:
        password = password[:MOST] + "\0"  # no password has this
    with _turn():
        try:
            return _hasher.verify(kept or _nobodys(), _normal(password)) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


@cache
def _nobodys() -> str:
    return _hasher.hash("of nobody")


@contextmanager
def _turn() -> Generator[None]:
    """Each check takes 64 MiB and a good part of a second of a core: a few at a time."""
    if not _turns.acquire(timeout=PATIENCE_SECONDS):
        raise Unavailable("too many people are signing in", hint="try again in a few seconds")
    try:
        yield
    finally:
        _turns.release()


def _check(password: str, user: str) -> None:
    if not LEAST <= len(password) <= MOST:
        raise InvalidInput(
            f"the password has {len(password)} characters, not {LEAST} to {MOST}", hint="four or five words are good"
        )
    plain = _normal(password).lower()
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)
    guessed = {core, plain} & _GUESSED or core in ("", user.lower()) or len(set(plain)) < 5
    if guessed or (len(user) > 3 and plain.replace(user.lower(), "").strip("0123456789!.-_ ") == ""):
        raise InvalidInput("the password is one of the first that others would try", hint="take four or five words")


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)
