"""Sets of digests in files: derived, sorted, shared by processes. Knows nothing of what the digests stand for.

A set is a few parts, each sorted and immutable, and a list of them with the mark that its owner set last. Parts grow
geometrically, as merged tables do. Everything may be deleted at any time.
"""

from __future__ import annotations

import fcntl
import heapq
import mmap
import os
from bisect import bisect_left
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby
from pathlib import Path
from typing import overload

import msgspec

_BYTES = 32
_PARTS = 6
_GROWTH = 4
_LIST = "list"
_WRITE_RECORDS = 32 * 1024


class _Part(msgspec.Struct, frozen=True):
    name: str
    count: int


class _List(msgspec.Struct, frozen=True):
    mark: str = ""
    parts: tuple[_Part, ...] = ()


class DigestSet:
    """Raw digests in a folder. Safe to use from several threads and processes.

    Args:
        folder: Where its files lie; made when first written to. Nothing else may lie there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def alone(self) -> Generator[None]:
        """Keep other writers out.

        Raises:
            OSError: The folder cannot be written to.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @property
    def mark(self) -> str:
        """What the owner said when it was written last; "" when it is new, damaged or gone."""
        return self._read_list().mark

    def find(self, digests: Collection[bytes]) -> set[bytes]:
        """Those of some digests that are in the set."""
        for _ in range(_PARTS):
            try:
                return self._find(digests)
            except (FileNotFoundError, ValueError):
                continue  # a writer has just merged the parts; or one was cut off, and the list with it is dropped
        return set()

    def extend(self, digests: Iterable[bytes], mark: str, *, anew: bool = False) -> None:
        """Add digests and set the mark, both or neither; call it within `alone`.

        Args:
            digests: Raw digests, in any order.
            mark: What `mark` says from now on.
            anew: Forget what was in it.

        Raises:
            OSError: It cannot be written.
        """
        listed = _List() if anew else self._read_list()
        new = set(digests)
        new -= set() if anew else self.find(new)
        parts = list(listed.parts)
        if new:
            parts.append(self._write(sorted(new)))
        gone = parts[:] if len(parts) > _PARTS else []
        if gone:
            parts = self._merge(parts)
        self._publish(_LIST, msgspec.json.encode(_List(mark, tuple(parts))))
        for name in {part.name for part in (*gone, *(self._listed() if anew else ()))} - {one.name for one in parts}:
            (self._folder / name).unlink(missing_ok=True)

    def _listed(self) -> Iterator[_Part]:
        """Parts that lie in the folder, listed or not."""
        return (_Part(path.name, 0) for path in self._folder.glob("*.digests"))

    def _find(self, digests: Collection[bytes]) -> set[bytes]:
        found: set[bytes] = set()
        for part in self._read_list().parts:
            with self._opened(part) as records:
                found.update(digest for digest in digests if digest not in found and records.has(digest))
        return found

    def _merge(self, parts: Sequence[_Part]) -> list[_Part]:
        """The parts after the small ones were merged into one."""
        taken: list[_Part] = []
        kept: list[_Part] = []
        gathered = 0
        for part in sorted(parts, key=lambda one: one.count):
            if not kept and (len(taken) < 2 or part.count <= _GROWTH * gathered):
                taken.append(part)
                gathered += part.count
            else:
                kept.append(part)
        with ExitStack() as stack:
            streams = [stack.enter_context(self._opened(part)) for part in taken]
            return [*kept, self._write(digest for digest, _ in groupby(heapq.merge(*streams)))]

    @contextmanager
    def _opened(self, part: _Part) -> Generator[_Records]:
        with (self._folder / part.name).open("rb") as file:
            if os.fstat(file.fileno()).st_size != part.count * _BYTES:
                (self._folder / _LIST).unlink(missing_ok=True)
                raise ValueError(part.name)
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
                yield _Records(view, part.count)

    def _read_list(self) -> _List:
        try:
            return msgspec.json.decode((self._folder / _LIST).read_bytes(), type=_List)
        except (FileNotFoundError, msgspec.DecodeError):
            return _List()

    def _write(self, digests: Iterable[bytes]) -> _Part:
        token = os.urandom(8).hex()
        temporary = self._folder / f"{token}.part"
        count = 0
        waiting: list[bytes] = []
        try:
            with temporary.open("xb") as file:
                for digest in digests:
                    waiting.append(digest)
                    count += 1
                    if len(waiting) == _WRITE_RECORDS:
                        file.write(b"".join(waiting))
                        waiting.clear()
                file.write(b"".join(waiting))
                file.flush()
                os.fsync(file.fileno())  # so that a power cut leaves no list of parts that are not there
            name = f"{token}.digests"
            temporary.rename(self._folder / name)
        finally:
            temporary.unlink(missing_ok=True)
        return _Part(name, count)

    def _publish(self, name: str, data: bytes) -> None:
        temporary = self._folder / f"{os.urandom(8).hex()}.part"
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._folder / name)
        finally:
            temporary.unlink(missing_ok=True)


class _Records(Sequence[bytes]):
    """The digests of a part, in order."""

    def __init__(self, view: mmap.mmap, count: int) -> None:
        self._view = view
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, number: int) -> bytes: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[bytes]: ...
    def __getitem__(self, number: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(self._count))]
        return self._view[number * _BYTES : (number + 1) * _BYTES]

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, self._count, _WRITE_RECORDS):
            block = self._view[start * _BYTES : min(self._count, start + _WRITE_RECORDS) * _BYTES]
            yield from (block[at : at + _BYTES] for at in range(0, len(block), _BYTES))

    def has(self, digest: bytes) -> bool:
        position = bisect_left(self, digest)
        return position < self._count and self[position] == digest
