"""Keys that `rollbook login` kept, by server: a file that only its owner can read."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from pathlib import Path
from typing import cast

from rollbook.model.errors import Forbidden, InvalidInput, StorageFull

NAME = "credentials"
_FIX = "delete it, and run 'rollbook login' again"


def read_key(folder: Path, server: str) -> str:
    """The key for a server, or "" where none was kept.

    Raises:
        Forbidden: Others can read the file.
        InvalidInput: The file is damaged.
    """
    return _read(folder / NAME).get(server, "")


def keep_key(folder: Path, server: str, key: str) -> Path:
    """Keep the key for a server, in place of the one that was kept before; "" forgets it. Returns the file.

    Raises:
        StorageFull: The file cannot be written.
        Forbidden: Others can read the file.
        InvalidInput: The file is damaged.
    """
    path = folder / NAME
    keys = {**_read(path), server: key}
    content = json.dumps({name: kept for name, kept in keys.items() if kept}, indent=2) + "\n"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{NAME}-", dir=folder)  # readable by its owner only
        with os.fdopen(descriptor, "w") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        raise StorageFull(
            f"{str(path)!r} cannot be written: {error.strerror}", hint="or set ROLLBOOK_API_KEY"
        ) from error
    return path


def _read(path: Path) -> dict[str, str]:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Forbidden(f"{str(path)!r} can be read by others", hint=f"chmod 600 {path}")
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{str(path)!r} cannot be read: {error}", hint=_FIX) from error
    if not isinstance(found, dict):
        raise InvalidInput(f"{str(path)!r} holds no keys", hint=_FIX)
    return {str(name): str(key) for name, key in cast("dict[object, object]", found).items()}
