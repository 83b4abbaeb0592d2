"""Blobs that were fetched once, kept on this machine by digest. Nothing is believed: each is hashed again when used.

Bounded: what was used longest ago goes first. It may be deleted at any time, also while it is used.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3

from rollbook.model.digest import Digest

DEFAULT_BYTES = 10 * 1024**3
_BLOCK = 1024 * 1024
_ROOM = 0.9
"""Down to so much of the limit is it shrunk, so that not every new blob makes it look through everything."""


class BlobCache:
    """Blobs in a folder. Safe to use from several threads and processes; what fails in it is only slower.

    Args:
        root: The folder; made, for its owner alone, when first written to.
        limit: Most bytes that stay in it after `shrink`.
    """

    def __init__(self, root: Path, limit: int = DEFAULT_BYTES) -> None:
        self._root = root
        self._limit = limit

    def copy_to(self, digest: Digest, target: Path) -> bool:
        """Write a blob to a new file, checked on the way; False where it is not here, or not any more itself."""
        source = self._path(digest)
        whole = blake3()
        try:
            with source.open("rb") as kept, target.open("xb") as file:
                while block := kept.read(_BLOCK):
                    whole.update(block)
                    file.write(block)
        except FileNotFoundError:
            target.unlink(missing_ok=True)
            return False
        if whole.digest() != digest.raw:
            target.unlink()
            source.unlink(missing_ok=True)
            return False
        os.utime(source)
        return True

    def open(self, digest: Digest) -> BinaryIO | None:
        """A blob as a file, after all of it was checked; None where it is not here."""
        source = self._path(digest)
        try:
            file = source.open("rb")
        except OSError:
            return None
        whole = blake3()
        while block := file.read(_BLOCK):
            whole.update(block)
        if whole.digest() != digest.raw:
            file.close()
            source.unlink(missing_ok=True)
            return None
        os.utime(source)
        file.seek(0)
        return file

    def keep(self, digest: Digest, source: Path) -> None:
        """Keep a blob that lies checked in a file; where it cannot be kept, it is not.

        A link costs neither time nor room. Whoever changes the file changes what is kept here too, and then its hash
        tells.
        """
        target = self._path(digest)
        try:
            if target.exists() or source.stat().st_size > self._limit:
                return
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                os.link(source, target)
            except OSError:
                self._copy(source, target)
        except OSError:
            return  # a full or missing disk must not stop what the cache is only there to speed up

    def shrink(self) -> None:
        """Remove what was used longest ago, until the limit is kept."""
        kept = sorted(self._entries(), key=lambda entry: entry[1])
        total = sum(size for _, _, size in kept)
        if total <= self._limit:
            return
        for path, _, size in kept:
            if total <= _ROOM * self._limit:
                return
            path.unlink(missing_ok=True)
            total -= size

    def _copy(self, source: Path, target: Path) -> None:
        temporary = target.with_name(f".{os.urandom(8).hex()}.part")
        try:
            shutil.copyfile(source, temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    def _entries(self) -> Iterator[tuple[Path, float, int]]:
        """Every file, also what a process that died left over: path, last use, size."""
        for folder in self._root.glob("[0-9a-f][0-9a-f]"):
            with os.scandir(folder) as entries:
                for entry in entries:
                    try:
                        facts = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    yield Path(entry.path), facts.st_mtime, facts.st_size

    def _path(self, digest: Digest) -> Path:
        return self._root / digest.hex[:2] / digest.hex
