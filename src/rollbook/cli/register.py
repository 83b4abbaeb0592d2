"""The register itself, for commands of its owner that go past the SDK. Clock and randomness enter here."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.model.errors import InvalidInput
from rollbook.sdk import settings

if TYPE_CHECKING:
    from rollbook.app.datadir import Place
    from rollbook.app.register import Register
    from rollbook.cli.call import Call


def open_owned(found: settings.Settings) -> Register:
    """The register that the settings name, as its owner."""
    from rollbook.app.datadir import Place, open_register

    parts = found.elsewhere
    place = Place(found.data_dir, parts.database, parts.store, parts.allow_http)
    return open_register(place, user=found.user, clock=now, random=os.urandom)


def resolve_owned(call: Call) -> settings.Settings:
    """Settings of a call that only works on a data directory.

    Raises:
        InvalidInput: A server is named.
    """
    found = settings.resolve(call.data_dir, call.project, server=call.server)
    if found.server is not None:
        raise InvalidInput(
            f"this works on a data directory, not on the server {found.server.address}",
            hint="run it where the server runs, with --data-dir",
        )
    return found


def place_of(to: Path, database: str, store: str) -> Place:
    """Where a copy shall live; whether plain HTTP is allowed comes from the environment, as for any register."""
    from rollbook.app.datadir import Place

    allow_http = settings.resolve(to).elsewhere.allow_http
    return Place(to.expanduser().absolute(), database, store, allow_http)


def now() -> int:
    """UTC microseconds."""
    return time.time_ns() // 1000
