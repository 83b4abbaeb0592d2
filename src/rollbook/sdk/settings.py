"""Where the register is and which project is at hand: arguments first, then the environment, then the directory tree.

This is one of the two places that read the environment; everything below takes values.
"""

from __future__ import annotations

import getpass
import os
import re
from pathlib import Path

import msgspec

from rollbook.model.errors import InvalidInput
from rollbook.model.names import check_name, check_project

DIRECTORY_NAME = "rollbook-data"
MARKER = "rollbook.json"
DEFAULT_PROJECT = "default"
ENVIRONMENT = {
    "ROLLBOOK_DATA": "data directory",
    "ROLLBOOK_PROJECT": "project at hand",
    "ROLLBOOK_USER": "name under which actions are recorded",
    "ROLLBOOK_FILE_CACHE": "'off' to read every file whole each time it is logged",
}


class Settings(msgspec.Struct, frozen=True):
    """Resolved settings of one session.

    Attributes:
        data_dir: Absolute path of the data directory, which may not exist yet.
        project: Project at hand.
        user: Name under which actions are recorded.
        file_cache: Whether a file that looks unchanged need not be read again.
    """

    data_dir: Path
    project: str
    user: str
    file_cache: bool = True


def resolve(data_dir: str | Path | None = None, project: str | None = None) -> Settings:
    """Settle where to work.

    Args:
        data_dir: Data directory; else `ROLLBOOK_DATA`; else the nearest `rollbook-data` in this directory or one
            above it; else `./rollbook-data`.
        project: Project; else `ROLLBOOK_PROJECT`; else `default`.

    Raises:
        InvalidName: The project's name is not allowed.
        InvalidInput: The data directory is a file.
    """
    chosen = data_dir or os.environ.get("ROLLBOOK_DATA")
    directory = _expanded(Path(chosen)) if chosen else _nearest(Path.cwd())
    if directory.exists() and not directory.is_dir():
        raise InvalidInput(f"data directory {str(directory)!r} is a file", hint="name a folder")
    name = check_project(project or os.environ.get("ROLLBOOK_PROJECT") or DEFAULT_PROJECT)
    return Settings(data_dir=directory.absolute(), project=name, user=_user(), file_cache=_file_cache())


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise InvalidInput(f"data directory {str(path)!r}: {error}", hint="write the whole path") from error


def _file_cache() -> bool:
    chosen = os.environ.get("ROLLBOOK_FILE_CACHE") or "on"
    if chosen not in ("on", "off"):
        raise InvalidInput(f"ROLLBOOK_FILE_CACHE is {chosen!r}", hint="'on' or 'off'")
    return chosen == "on"


def _nearest(start: Path) -> Path:
    for folder in (start, *start.parents):
        if (folder / DIRECTORY_NAME / MARKER).is_file():
            return folder / DIRECTORY_NAME
    return start / DIRECTORY_NAME


def _user() -> str:
    chosen = os.environ.get("ROLLBOOK_USER")
    if chosen:
        return f"user:{check_name(chosen, 'user')}"
    try:
        login = getpass.getuser()
    except (OSError, KeyError):
        login = ""
    # A login name can hold anything; the name in an audit entry is one word that every store can keep.
    word = re.sub(r"[^A-Za-z0-9._-]+", "-", login)[:128].strip("-._")
    return f"user:{word or f'uid-{os.getuid()}'}"
