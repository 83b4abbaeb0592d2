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
    "ROLLBOOK_DATABASE": "database URL of a data directory whose catalog is elsewhere",
    "ROLLBOOK_STORE": "URL of the object store of a data directory whose blobs are elsewhere",
    "ROLLBOOK_SERVER": "address of a server to use instead of a data directory",
    "ROLLBOOK_API_KEY": "key for the server; default the one that 'rollbook login' kept",
    "ROLLBOOK_ENTITY": "organisation or team at hand on the server; default your own",
    "ROLLBOOK_INSECURE": "'on' to send the key to a server without TLS",
    "ROLLBOOK_STATE": "folder for rows that wait for a server; default ~/.local/state/rollbook",
    "ROLLBOOK_CACHE": "folder for what was fetched from a server; default ~/.cache/rollbook",
}


class Elsewhere(msgspec.Struct, frozen=True):
    """Parts of a register outside its data directory, as in production.

    Attributes:
        database: Database URL, or "". `repr` leaves it out.
        store: URL of the object store, or "".
        allow_http: Whether the object store may be spoken to without TLS.
    """

    database: str = ""
    store: str = ""
    allow_http: bool = False

    def __repr__(self) -> str:
        return f"Elsewhere(database={bool(self.database)}, store={self.store!r})"


class Settings(msgspec.Struct, frozen=True):
    """Resolved settings of one session.

    Attributes:
        data_dir: Absolute path of the data directory, which may not exist yet.
        project: Project at hand.
        user: Name under which actions are recorded in a data directory.
        file_cache: Whether a file that looks unchanged need not be read again.
        server: The server to use instead of the data directory, or None.
        elsewhere: Where those parts of the register are that the data directory does not hold.
    """

    data_dir: Path
    project: str
    user: str
    file_cache: bool = True
    server: ServerPlace | None = None
    elsewhere: Elsewhere = Elsewhere()


class ServerPlace(msgspec.Struct, frozen=True):
    """A server, and what a session with it needs.

    Attributes:
        address: Its address, as it was given.
        key: API key, or "" for the one that `rollbook login` kept. `repr` leaves it out.
        entity: Organisation or team at hand, or "" for the caller's own.
        insecure: Whether the key may travel without TLS.
        config_dir: Where `rollbook login` keeps keys.
        state_dir: Where history rows wait until the server has them.
        cache_dir: Where files that were fetched are kept.
    """

    address: str
    key: str
    entity: str
    insecure: bool
    config_dir: Path
    state_dir: Path
    cache_dir: Path

    def __repr__(self) -> str:
        return f"ServerPlace({self.address!r}, entity={self.entity!r})"


def resolve(data_dir: str | Path | None = None, project: str | None = None, *, server: str | None = None) -> Settings:
    """Settle where to work.

    Args:
        data_dir: Data directory; else `ROLLBOOK_DATA`; else the nearest `rollbook-data` in this directory or one
            above it; else `./rollbook-data`.
        project: Project; else `ROLLBOOK_PROJECT`; else `default`.
        server: Address of a server to use instead; else `ROLLBOOK_SERVER`, unless `data_dir` is given.

    Raises:
        InvalidName: The project's name is not allowed.
        InvalidInput: The data directory is a file, or both a data directory and a server are given.
    """
    if data_dir and server:
        raise InvalidInput(
            f"both data directory {str(data_dir)!r} and server {server!r} are given", hint="give one of them"
        )
    address = server or ("" if data_dir else os.environ.get("ROLLBOOK_SERVER", ""))
    chosen = data_dir or os.environ.get("ROLLBOOK_DATA")
    directory = _expanded(Path(chosen)) if chosen else _nearest(Path.cwd())
    if directory.exists() and not directory.is_dir() and not address:
        raise InvalidInput(f"data directory {str(directory)!r} is a file", hint="name a folder")
    return Settings(
        data_dir=directory.absolute(),
        project=check_project(project or os.environ.get("ROLLBOOK_PROJECT") or DEFAULT_PROJECT),
        user=_user(),
        file_cache=_switch("ROLLBOOK_FILE_CACHE", default=True),
        server=server_place(address) if address else None,
        elsewhere=_elsewhere(),
    )


def _elsewhere() -> Elsewhere:
    return Elsewhere(
        database=os.environ.get("ROLLBOOK_DATABASE", ""),
        store=os.environ.get("ROLLBOOK_STORE", ""),
        allow_http=os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("true", "1"),
    )


def server_place(address: str) -> ServerPlace:
    """A server, with what the environment says of it."""
    return ServerPlace(
        address=address,
        key=os.environ.get("ROLLBOOK_API_KEY", ""),
        entity=os.environ.get("ROLLBOOK_ENTITY", ""),
        insecure=_switch("ROLLBOOK_INSECURE", default=False),
        config_dir=_home("", "XDG_CONFIG_HOME", ".config"),
        state_dir=_home("ROLLBOOK_STATE", "XDG_STATE_HOME", ".local/state"),
        cache_dir=_home("ROLLBOOK_CACHE", "XDG_CACHE_HOME", ".cache"),
    )


def _home(own: str, shared: str, usual: str) -> Path:
    """A folder of this user: one that a variable of ours names, else `rollbook` in that of the XDG rules."""
    if own and os.environ.get(own):
        return _expanded(Path(os.environ[own])).absolute()
    base = os.environ.get(shared, "")
    return (Path(base) if base.startswith("/") else _expanded(Path("~")) / usual) / "rollbook"


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise InvalidInput(f"folder {str(path)!r}: {error}", hint="write the whole path") from error


def _switch(name: str, *, default: bool) -> bool:
    chosen = os.environ.get(name) or ("on" if default else "off")
    if chosen not in ("on", "off"):
        raise InvalidInput(f"{name} is {chosen!r}", hint="'on' or 'off'")
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
