"""Pseudonym keys: one file per key domain, outside the database, made at first use, never printed."""

from __future__ import annotations

import stat

from rollbook.app import datadir
from rollbook.app.register import Register
from rollbook.model.errors import CorruptData, Forbidden, NotFound
from rollbook.model.pseudonym import Key

SECRET_BYTES = 32


def key_of(register: Register, project: str) -> Key:
    """The key of the project's key domain.

    Raises:
        Forbidden: The actor may not write evaluations, or the key file can be read by others.
        CorruptData: The key file is damaged.
    """
    register.allow("version.write", project)
    domain = _domain(register, project)
    path = register.root / datadir.KEYS / f"{domain}.key"
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        secret = datadir.publish_secret(path, register.random(SECRET_BYTES), register.random(8).hex())
    else:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Forbidden(f"key file {str(path)!r} can be read by others", hint=f"chmod 600 {path}")
        secret = path.read_bytes()
    if len(secret) != SECRET_BYTES:
        raise CorruptData(f"key file {str(path)!r} holds {len(secret)} bytes, not {SECRET_BYTES}", hint="restore it")
    return Key(secret)


def _domain(register: Register, project: str) -> str:
    """The project's key domain; the project is made where it is not there."""
    try:
        with register.catalog.read() as connection:
            return register.project(connection, project).key_domain
    except NotFound:
        with register.catalog.write() as connection:
            return register.ensure_project(connection, project).key_domain
