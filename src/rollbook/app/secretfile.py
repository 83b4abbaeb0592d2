"""Secrets that live in files beside the database: made at first use, readable by their owner only, never printed."""

from __future__ import annotations

import stat

from rollbook.app import datadir
from rollbook.app.register import Register
from rollbook.model.errors import CorruptData, Forbidden

SECRET_BYTES = 32
PEPPER = "secrets.pepper"
"""What keys, sessions and tokens are hashed with. No key domain's file can have this name: theirs end in `.key`."""


def secret_of(register: Register, name: str) -> bytes:
    """The secret in a file of the data directory's `keys/`, made where it is not there.

    Raises:
        Forbidden: Others can read the file.
        CorruptData: It is damaged.
    """
    path = register.root / datadir.KEYS / name
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        secret = datadir.publish_secret(path, register.random(SECRET_BYTES), register.random(8).hex())
    else:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Forbidden(f"key file {str(path)!r} can be read by others", hint=f"chmod 600 {path}")
        secret = path.read_bytes()
    if len(secret) != SECRET_BYTES:
        raise CorruptData(f"key file {str(path)!r} holds {len(secret)} bytes, not {SECRET_BYTES}", hint="restore it")
    return secret


def pepper_of(register: Register) -> bytes:
    """The pepper of this server's hashes. All processes of one server share it; without it every key is void."""
    return secret_of(register, PEPPER)
