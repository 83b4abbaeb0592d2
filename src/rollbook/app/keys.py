"""Pseudonym keys: one file per key domain, outside the database, made at first use, never printed."""

from __future__ import annotations

from rollbook.app.register import Register
from rollbook.app.secretfile import secret_of
from rollbook.model.errors import NotFound
from rollbook.model.pseudonym import Key


def key_of(register: Register, project: str) -> Key:
    """The key of the project's key domain.

    Raises:
        Forbidden: The actor may not write evaluations, or the key file can be read by others.
        CorruptData: The key file is damaged.
    """
    register.allow("version.write", project)
    return Key(secret_of(register, f"{_domain(register, project)}.key"))


def _domain(register: Register, project: str) -> str:
    """The project's key domain; the project is made where it is not there."""
    try:
        with register.catalog.read() as connection:
            return register.project(connection, project).key_domain
    except NotFound:
        with register.catalog.write() as connection:
            return register.ensure_project(connection, project).key_domain
