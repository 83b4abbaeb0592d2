"""Bytes on their way between a client and the register, always within one project.

What a client may name in a version is what the project holds, and what the client itself has sent there. Nothing is
believed for its digest alone, and nobody learns from an answer what other projects hold.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Self

from rollbook.app import epoch, holdings
from rollbook.app.register import Register
from rollbook.blobs import ChunkIntake, Frame, FrameReader, SentRecipe, read_recipe
from rollbook.blobs.kinds import RECIPE
from rollbook.catalog import projects, uploads
from rollbook.catalog.rows import ProjectRow
from rollbook.model.digest import Digest
from rollbook.model.errors import InvalidInput, NotFound, StorageFull
from rollbook.model.manifest import Manifest
from rollbook.model.permission import Resource, may

HOUR_US = 3600 * 1_000_000
LIFETIME_US = 24 * HOUR_US
"""How long what was sent may be named by a version."""
MARGIN_US = HOUR_US
"""What lives less long is asked for again, so that it does not end between the question and the commit."""
MAX_ASKED = 65_536
"""Most digests in one question."""
MAX_ENTRIES = 65_536
"""Most frames in one request."""
MAX_PROJECTS = 1000
"""In so many projects is looked for what a derived version takes over."""
MAX_BATCH = 4096
"""Most blobs in one batch."""
LARGEST_IN_BATCH = 1024 * 1024
"""Blobs of more bytes are not sent in a batch."""
MAX_PENDING_BYTES = 16 * 1024**4
"""Most plain bytes that people may have sent to a project without a version that names them."""
_DIGEST_BYTES = 32


def missing(register: Register, project: str, names: Sequence[bytes]) -> list[bool]:
    """For each chunk or blob (raw digest) whether it has to be sent before a version of the project can hold it.

    Raises:
        Forbidden: The actor may not write versions there.
        InvalidInput: Too many digests at once.
    """
    register.allow("version.write", project)
    if len(names) > MAX_ASKED:
        raise InvalidInput(f"{len(names):,} digests were asked for at once", hint=f"at most {MAX_ASKED:,}")
    known = _known(register, project, set(names), MARGIN_US)
    return [name not in known for name in names]


def lacking(register: Register, project: str, digests: Iterable[Digest]) -> set[Digest]:
    """Those of some blobs that no version of the project may name.

    It may name what the project holds, what the actor has sent there, and what other projects hold that the actor may
    read: a version can be derived from one of theirs.

    Raises:
        Forbidden: The actor may not write versions there.
    """
    register.allow("version.write", project)
    asked = {digest.raw: digest for digest in digests}
    left = asked.keys() - _known(register, project, asked.keys(), 0)
    if left:
        left -= _held_elsewhere(register, project, left)
    return {asked[raw] for raw in left}


def holds(register: Register, project: str, digests: Iterable[Digest]) -> bool:
    """Whether a version of the project may name all these blobs; see `lacking`."""
    return not lacking(register, project, digests)


def check_sent(register: Register, project: str, manifest: Manifest) -> None:
    """Pass where a version of the project may name every blob that a manifest names.

    Raises:
        Forbidden: The actor may not write versions there.
        InvalidInput: A blob was not sent there.
    """
    stored = {entry.stored for entry in manifest.entries if entry.stored is not None}
    absent = lacking(register, project, stored)
    for entry in manifest.entries:
        if entry.stored in absent:
            raise InvalidInput(
                f"the bytes of {entry.path!r} are not in project {project!r}: {entry.stored}",
                hint="send them to this project first; log it again",
            )


class Receiving:
    """Chunks and recipes that arrive. A context manager, for one thread at a time; memory is bounded.

    Nothing counts before `finish` returns; sending the same again does no harm.
    """

    def __init__(self, register: Register, project: str) -> None:
        """Use `receive` instead."""
        self._register = register
        self._project = project
        self._reader = FrameReader()
        self._intake: ChunkIntake = register.blobs.exchange().intake()
        self._taken: dict[bytes, int] = {}
        self._recipes: list[SentRecipe] = []
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._intake.__exit__()

    def feed(self, pieces: Sequence[bytes]) -> None:
        """Take in the next bytes of the stream.

        Raises:
            InvalidInput: They are not what they say they are.
            StorageFull: No room.
        """
        frames = self._reader.feed(*pieces)
        self._count += len(frames)
        if self._count > MAX_ENTRIES:
            raise InvalidInput(f"more than {MAX_ENTRIES:,} entries in one request", hint="send several requests")
        chunks: list[Frame] = []
        for frame in frames:
            if frame.kind == RECIPE:
                self._recipes.append(read_recipe(frame))
            else:
                chunks.append(frame)
        if chunks:
            self._taken |= self._intake.add_chunks(chunks)

    def finish(self) -> int:
        """Make what arrived durable, and note who sent it; returns how many entries that were.

        Raises:
            InvalidInput: The stream was cut off, a recipe names chunks that were not sent to this project, or its
                chunks do not make up its blob.
            StorageFull: No room, or too much was sent that no version names.
        """
        self._reader.finish()
        if self._recipes:
            self._check_recipes()
            self._taken |= self._intake.add_recipes(self._recipes)
        self._intake.commit()
        if self._taken:
            _note(self._register, self._project, self._taken)
        return self._count

    def _check_recipes(self) -> None:
        named = {chunk for sent in self._recipes for chunk in sent.chunks}
        foreign = named - self._taken.keys()
        foreign -= _known(self._register, self._project, foreign, 0)
        for chunk in foreign:
            raise InvalidInput(
                f"chunk blake3:{chunk.hex()} was not sent to project {self._project!r}", hint="send it first"
            )


def receive(register: Register, project: str) -> Receiving:
    """Begin to take in what a client sends to a project, which is made where it is not there.

    Raises:
        Forbidden: The actor may not write versions there.
    """
    register.allow("version.write", project)
    epoch.observe(register)
    return Receiving(register, project)


def require_held(register: Register, project: str, digests: Collection[Digest]) -> None:
    """Pass where the versions of a project hold all these blobs.

    Raises:
        Forbidden: The actor may not read versions there.
        NotFound: They do not hold one of them, or there is no such project; nothing tells whether others do.
    """
    register.allow("version.read", project)
    with register.catalog.read() as connection:
        row = register.project(connection, project)
    found = holdings.held(register, row, {digest.raw for digest in digests})
    for digest in digests:
        if digest.raw not in found:
            raise NotFound(f"no version of project {project!r} holds blob {digest}", hint="see 'rollbook show'")


def blob_size(register: Register, project: str, digest: Digest) -> int:
    """Length of a blob of a project's versions in bytes.

    Raises:
        Forbidden: The actor may not read versions there.
        NotFound: No version of the project holds it.
    """
    require_held(register, project, [digest])
    return register.blobs.size(digest)


def read_blob(register: Register, project: str, digest: Digest, start: int, length: int) -> Iterator[bytes]:
    """Bytes of a blob of a project's versions, each chunk checked; ask for its size first, which asks for permission.

    Raises:
        Forbidden: The actor may not read versions there.
        CorruptData: It is damaged; so may the iterator raise.
    """
    register.allow("version.read", project)
    return register.blobs.stream(digest, start, length)


def read_batch(register: Register, project: str, digests: Sequence[Digest]) -> Iterator[Frame]:
    """Small blobs of a project's versions as frames, in order; of large ones only their length.

    Raises:
        Forbidden: The actor may not read versions there.
        InvalidInput: Too many blobs at once.
        NotFound: No version of the project holds one of them.
        CorruptData: One is damaged; so may the iterator raise.
    """
    if len(digests) > MAX_BATCH:
        raise InvalidInput(f"{len(digests):,} blobs were asked for at once", hint=f"at most {MAX_BATCH:,}")
    require_held(register, project, digests)
    return register.blobs.exchange().frames([digest.raw for digest in digests], LARGEST_IN_BATCH)


def split_digests(data: bytes) -> list[bytes]:
    """Raw digests that were written one behind the other.

    Raises:
        InvalidInput: The length is no multiple of theirs.
    """
    if len(data) % _DIGEST_BYTES:
        raise InvalidInput(f"{len(data):,} bytes are no list of digests", hint="32 bytes each, nothing between")
    return [data[start : start + _DIGEST_BYTES] for start in range(0, len(data), _DIGEST_BYTES)]


def forget_expired(register: Register) -> int:
    """Remove what was sent and can no longer be named by a version; returns how many entries."""
    removed = 0
    while True:
        with register.catalog.write() as connection:
            now = uploads.forget_expired(connection, at=register.clock())
        removed += now
        if now == 0:
            return removed


def _known(register: Register, project: str, names: AbstractSet[bytes], margin: int) -> set[bytes]:
    """Those of some chunks and blobs that a version of the project may be made of, and that are stored whole."""
    found = _find_project(register, project)
    if found is None or not names:
        return set()
    epoch.observe(register)  # what is condemned must be sent again
    with register.catalog.read() as connection:
        upload = uploads.find(connection, found, register.actor.name)
        at = register.clock() + margin
        sent = uploads.held(connection, upload, names, at=at) if upload is not None else set[bytes]()
    left = names - sent
    return register.blobs.exchange().present(sent | (holdings.held(register, found, left) if left else set()))


def _held_elsewhere(register: Register, project: str, names: AbstractSet[bytes]) -> set[bytes]:
    """Those of some blobs that other projects hold which the actor may read."""
    found: set[bytes] = set()
    for other in _readable(register):
        if other.name != project and len(found) < len(names):
            found |= holdings.held(register, other, names - found)
    return register.blobs.exchange().present(found)


def _readable(register: Register) -> list[ProjectRow]:
    """The projects whose versions the actor may read, at most `MAX_PROJECTS`."""
    name = register.actor.organisation
    try:
        with register.catalog.read() as connection:
            organisation = projects.get_organisation(connection, name)
            page = projects.list_projects(connection, organisation, limit=MAX_PROJECTS)
    except NotFound:
        return []  # a new register: nothing was ever logged
    return [row for row in page.items if may(register.actor, "version.read", Resource(name, row.name))]


def _find_project(register: Register, project: str) -> ProjectRow | None:
    try:
        with register.catalog.read() as connection:
            return register.project(connection, project)
    except NotFound:
        return None


def _note(register: Register, project: str, taken: dict[bytes, int]) -> None:
    at = register.clock()
    with register.catalog.write() as connection:
        row = register.ensure_project(connection, project)
        uploads.add(connection, row, register.actor.name, taken, at=at, expires_at=at + LIFETIME_US)
        if uploads.pending_bytes(connection, row) > MAX_PENDING_BYTES:
            raise StorageFull(
                f"people have sent more than {MAX_PENDING_BYTES:,} bytes to {project!r} that no version names",
                hint="commit versions, or wait a day",
            )
