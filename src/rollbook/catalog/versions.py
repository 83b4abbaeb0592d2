"""Versions: immutable, named by digest, each stored once per project."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection, RowMapping, Text, select, type_coerce

from rollbook.catalog.dialect import insert_unless_present
from rollbook.catalog.execution import builder, every, first, scope
from rollbook.catalog.rows import Act, CollectionRow, ProjectRow, VersionRow
from rollbook.catalog.schema import runs, versions
from rollbook.model.canonical import encode
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidReference, NotFound
from rollbook.model.reference import MIN_DIGEST_PREFIX
from rollbook.model.version import read_seal

_CANDIDATES = 5
_BATCH = 500
_DIGITS = re.compile(rf"[0-9a-f]{{{MIN_DIGEST_PREFIX},64}}\Z")

_HIDDEN = {"created_by_run"}
COLUMNS = [column for column in versions.c if column.name not in _HIDDEN] + [runs.c.id.label("run")]
JOINED = versions.outerjoin(runs, versions.c.created_by_run == runs.c.key)
_QUERY = select(*COLUMNS).select_from(JOINED)
_version = builder(VersionRow)


class VersionValues(msgspec.Struct, frozen=True, kw_only=True):
    """What a new version is, as its seal says.

    Attributes:
        id: UUIDv7, used if the version is new to the project.
        digest: SHA-256 of `seal`.
        type: Must equal the collection's.
        data_class: Declared sensitivity.
        manifest_digest: SHA-256 of the sealed manifest.
        manifest_blob: BLAKE3 of the stored manifest.
        metadata: Creation metadata, canonical JSON.
        schemas: Schemas of its tables, canonical JSON.
        seal: The sealed bytes.
        size: Bytes of all files.
        file_count: Entries of the manifest.
        run: Key of the producing run, or None.
    """

    id: str
    digest: Digest
    type: str
    data_class: str
    manifest_digest: Digest
    manifest_blob: Digest
    metadata: str
    schemas: str
    seal: bytes
    size: int
    file_count: int
    run: int | None = None


def ensure(connection: Connection, collection: CollectionRow, values: VersionValues, act: Act) -> VersionRow:
    """Find the version with this digest in the collection's project, or store it. The first to store it made it."""
    columns = scope(collection) | msgspec.structs.asdict(values)
    columns |= {"created_by_run": columns.pop("run"), "created_by": act.actor, "created_at": act.at}
    insert_unless_present(connection, versions, columns)
    found = find(connection, collection.project, values.digest)
    assert found is not None  # inserted or present, in this transaction
    return found


def find(connection: Connection, project: int, digest: Digest) -> VersionRow | None:
    """Find a version of a project by its whole digest, or None."""
    query = _QUERY.where(versions.c.project == project, versions.c.digest == digest)
    return first(connection, query, _version)


def by_digest(connection: Connection, project: ProjectRow, digits: str) -> VersionRow:
    """Find a version by its SHA-256 digest or a unique prefix of it.

    Args:
        connection: The transaction.
        project: Where to look.
        digits: 8 to 64 lowercase hexadecimal digits.

    Raises:
        InvalidReference: Too few digits, other characters, or several versions begin with them.
        NotFound: No version begins with them.
    """
    if not _DIGITS.match(digits):
        raise InvalidReference(f"digest prefix {digits[:80]!r}", hint="8 to 64 lowercase hexadecimal digits")
    stored = type_coerce(versions.c.digest, Text)
    query = (
        select(*COLUMNS)
        .select_from(JOINED)
        .where(versions.c.project == project.key, stored >= f"sha256:{digits}", stored < f"sha256:{digits}g")
        .order_by(stored)
        .limit(_CANDIDATES)
    )
    found = every(connection, query, _version)
    if len(found) == 0:
        raise NotFound(f"no version with digest sha256:{digits} in project {project.name!r}")
    if len(found) > 1:
        candidates = ", ".join(version.digest.hex[: len(digits) + 8] for version in found)
        raise InvalidReference(f"sha256:{digits} begins several digests: {candidates}", hint="give more digits")
    return found[0]


def check(connection: Connection, project: ProjectRow) -> Iterator[str]:
    """Describe every version whose seal does not have its digest, or whose columns say something else than its seal."""
    last = 0
    while batch := _after(connection, project, last):
        for version in batch:
            found = fault(version)
            if found:
                yield f"version {version.digest}: {found}"
        last = batch[-1].key


def _after(connection: Connection, project: ProjectRow, key: int) -> tuple[VersionRow, ...]:
    query = _QUERY.where(versions.c.project == project.key, versions.c.key > key)
    return every(connection, query.order_by(versions.c.key).limit(_BATCH), _version)


def fault(version: VersionRow) -> str:
    """What is wrong with a version's row: its seal has another digest, or its columns say something else; or ""."""
    try:
        seal = read_seal(version.seal, version.digest)
    except CorruptData as error:
        return error.message
    except (TypeError, ValueError) as error:  # an edited database may hold values of any type
        return str(error)
    sealed = (seal.type, seal.data_class, seal.manifest, encode(seal.metadata).decode())
    stored = (version.type, version.data_class, version.manifest_digest, version.metadata)
    return "" if stored == sealed else "type, class, manifest or metadata differ from the seal"


def nested(row: RowMapping, prefix: str) -> VersionRow:
    """Build a version from the columns of a join that are labelled with `prefix`."""
    return VersionRow(
        **{str(name)[len(prefix) :]: value for name, value in row.items() if str(name).startswith(prefix)}
    )
