"""The first start: a one-time token, for whoever can read the server's terminal or its data directory."""

from __future__ import annotations

import os
from pathlib import Path

from rollbook.app import setup
from rollbook.app.register import Register
from rollbook.server.settings import ServerSettings, is_loopback

FILE = "setup-token"


def prepare(register: Register, settings: ServerSettings) -> str:
    """Make the token of a server that has no administrator, and write it to its file; "" where there is no need.

    Only for a server that this machine alone reaches: elsewhere, whoever came first could try.
    """
    if not is_loopback(settings.host) or not setup.needs_setup(register):
        return ""
    token = setup.make_token(register)
    forget(settings)
    descriptor = os.open(file_of(settings), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(f"{token}\n")
    return token


def forget(settings: ServerSettings) -> None:
    """Take the file away: the token was used, or a new one comes."""
    file_of(settings).unlink(missing_ok=True)


def file_of(settings: ServerSettings) -> Path:
    """Where the token is written."""
    return settings.data_dir / FILE
