"""Readiness: can this process answer requests now? Quick, and nothing that takes time in proportion to the data."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from rollbook.app import datadir
from rollbook.app.register import Register
from rollbook.model.errors import RollbookError, StorageFull
from rollbook.model.results import Check

LEAST_ROOM = 64 * 1024 * 1024
"""With fewer free bytes than that on its own disk, a server asks to be left alone."""
_PROBE = f"packs/00/{'0' * 64}.idx"


def look(register: Register) -> list[Check]:
    """Whether data directory, catalog, store and disk are there. Asks nobody for permission: callers decide who sees.

    Args:
        register: The register as the server itself sees it.
    """
    return [_looked(name, at, register) for name, at in _LOOKS]


def _directory(register: Register) -> str:
    return f"format {datadir.read_marker(register.root).format}"


def _catalog(register: Register) -> str:
    return register.catalog.ping()


def _store(register: Register) -> str:
    register.blobs.store.size(_PROBE)  # nothing has that name; what counts is that the store says so
    return "answers"


def _disk(register: Register) -> str:
    free = shutil.disk_usage(register.root).free
    if free < LEAST_ROOM:
        raise StorageFull(f"{free:,} bytes free", hint=f"free some space: {LEAST_ROOM:,} bytes are needed")
    return f"{free / 1e9:,.1f} GB free"


_LOOKS: tuple[tuple[str, Callable[[Register], str]], ...] = (
    ("data directory", _directory),
    ("catalog", _catalog),
    ("store", _store),
    ("disk", _disk),
)


def _looked(name: str, at: Callable[[Register], str], register: Register) -> Check:
    try:
        return Check(check=name, status="ok", message=at(register))
    except RollbookError as error:
        return Check(check=name, status="fail", message=error.message, hint=error.hint)
    except OSError as error:
        return Check(check=name, status="fail", message=error.strerror or type(error).__name__)
