"""Which bytes a project holds: those of its versions. What other projects hold, it is never told.

Answered from a set on this machine's disk that is derived from the manifests and recipes of the versions, whoever
logged them, and that catches up whenever it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from rollbook.app.datadir import CACHE
from rollbook.app.register import Register
from rollbook.blobs import DigestSet
from rollbook.catalog import holdings
from rollbook.catalog.holdings import Extent, Held
from rollbook.catalog.rows import ProjectRow
from rollbook.model import manifest as manifests
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, NotFound

FOLDER = "projects"
MAX_MANIFEST = 1024 * 1024 * 1024
_BATCH = 100
_NOTHING = Extent(0, 0)


def held(register: Register, project: ProjectRow, names: AbstractSet[bytes]) -> set[bytes]:
    """Those of some chunks and blobs (raw digests) that the living versions of a project are made of."""
    known = DigestSet(register.root / CACHE / FOLDER / project.id)
    seen = _seen(known.mark)
    newest, again = _look(register, project, seen)
    if newest == seen and not again:
        return known.find(names)
    try:
        _catch_up(register, project, known)
    except OSError:  # no room, or none to write to: slower then, but not wrong
        return {name for digests in _digests(register, project, _NOTHING) for name in names & digests[1]}
    return known.find(names)


def _look(register: Register, project: ProjectRow, seen: Extent) -> tuple[Extent, bool]:
    """How far the project goes, and whether what was seen of it has changed since."""
    with register.catalog.read() as connection:
        then = holdings.extent(connection, project, last=seen.last)
        return holdings.extent(connection, project), then != seen


def _catch_up(register: Register, project: ProjectRow, known: DigestSet) -> None:
    with known.alone():
        mark = known.mark  # another process may have been here first
        seen = _seen(mark)
        _, again = _look(register, project, seen)
        anew = again or not mark
        for reached, digests in _digests(register, project, _NOTHING if anew else seen):
            known.extend(digests, f"{reached.last}:{reached.living}", anew=anew)
            anew = False
        if anew:
            known.extend((), f"{seen.last}:0", anew=True)


def _digests(register: Register, project: ProjectRow, seen: Extent) -> Iterator[tuple[Extent, set[bytes]]]:
    """What the versions behind an extent are made of, some versions at a time, and how far that goes."""
    while True:
        with register.catalog.read() as connection:
            batch = holdings.after(connection, project, seen.last, limit=_BATCH)
        if not batch:
            return
        seen = Extent(batch[-1].key, seen.living + len(batch))
        yield seen, _made_of(register, batch)


def _made_of(register: Register, batch: list[Held]) -> set[bytes]:
    blobs: set[bytes] = set()
    for manifest in {row.manifest_blob for row in batch}:
        blobs |= _named(register, manifest)
    return blobs | set(register.blobs.exchange().chunks_of(blobs))


def _named(register: Register, manifest: Digest) -> set[bytes]:
    """A manifest and the blobs it names; nothing where it is damaged: such a version cannot be used anyway."""
    try:
        read = manifests.read(register.blobs.read(manifest, limit=MAX_MANIFEST))
    except (CorruptData, NotFound):
        return set()
    return {manifest.raw} | {entry.stored.raw for entry in read.entries if entry.stored is not None}


def _seen(mark: str) -> Extent:
    last, _, living = mark.partition(":")
    return Extent(int(last), int(living)) if living else _NOTHING
