"""Verify: check seals, manifests, every stored byte, statements and the audit log against their digests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rollbook.app import histories, runs
from rollbook.app.epoch import observe
from rollbook.app.found import locate
from rollbook.app.register import Register
from rollbook.app.versions import MAX_MANIFEST
from rollbook.catalog import Connection, audit, memberships, projects, versions
from rollbook.catalog import runs as catalog_runs
from rollbook.catalog import statements as statements_
from rollbook.catalog.rows import AuditRow, MembershipRow, ProjectRow
from rollbook.model import manifest as manifests
from rollbook.model.canonical import JSON, decode, encode
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, MissingExtra, NotFound, RollbookError
from rollbook.model.extras import needs_extra
from rollbook.model.manifest import Entry, Manifest
from rollbook.model.permission import Resource, require
from rollbook.model.results import Fault, Verification

Progress = Callable[[int], None]
_PAGE = 1000
_BLOCK = 1024 * 1024


class _Tally:
    """What was checked and found so far; each blob is read once, however many versions name it."""

    def __init__(self, *, local_files: bool) -> None:
        self.local_files = local_files
        self.faults: list[Fault] = []
        self.versions = self.statements = self.bytes = self.audit_entries = 0
        self.seen: dict[Digest, str] = {}

    def damaged(self, what: str, message: str) -> None:
        self.faults.append(Fault(finding="damaged", what=what, message=message))

    def outcome(self) -> Verification:
        return Verification(
            versions=self.versions,
            statements=self.statements,
            blobs=len(self.seen),
            bytes=self.bytes,
            audit_entries=self.audit_entries,
            faults=tuple(self.faults),
        )


def verify(
    register: Register,
    reference: str | None,
    project: str,
    *,
    progress: Progress | None = None,
    local_files: bool = True,
) -> Verification:
    """Check one version, or everything in the register.

    Args:
        register: The register.
        reference: A version, or None for everything: all projects, all packs, the audit log.
        project: Project at hand.
        progress: Called with bytes read.
        local_files: Whether to read files of this machine that versions refer to. A server must not: who may log a
            reference could ask what its files hold.

    Returns:
        What was checked, and every fault; nothing is raised for damage.

    Raises:
        NotFound: There is no such version.
    """
    tally = _Tally(local_files=local_files)
    if reference is not None:
        register.allow("store.verify", project)
        with register.catalog.read() as connection:
            members = [locate(register, connection, reference, project)]
        _versions(register, members, tally, progress)
        return tally.outcome()
    # What lies in the store belongs to all projects: one project's auditor may not hear of the others.
    require(register.actor, "store.verify", Resource(register.actor.organisation, ""))
    for page in _everything(register):
        _versions(register, page, tally, progress)
    observe(register)
    for damage in register.blobs.verify(progress=progress):
        tally.damaged(damage.object or str(damage.digest), damage.problem)
    _audit(register, tally)
    _journals(register, tally)
    return tally.outcome()


def _everything(register: Register) -> Iterator[list[MembershipRow]]:
    """Every membership of every project, page by page, each page in a short transaction of its own."""
    with register.catalog.read() as connection:
        rows = _projects(register, connection)
    for row in rows:
        before: int | None = None
        while True:
            with register.catalog.read() as connection:
                page = memberships.list_page(connection, row, before=before, limit=_PAGE)
            yield list(page.items)
            if page.next is None:
                break
            before = page.next


def _projects(register: Register, connection: Connection) -> tuple[ProjectRow, ...]:
    try:
        organisation = projects.get_organisation(connection, register.actor.organisation)
    except NotFound:
        return ()
    found: list[ProjectRow] = []
    after: str | None = ""
    while after is not None:
        page = projects.list_projects(connection, organisation, after=after, limit=_PAGE)
        found += page.items
        after = page.next
    return tuple(found)


def _versions(register: Register, members: list[MembershipRow], tally: _Tally, progress: Progress | None) -> None:
    for member in members:
        tally.versions += 1
        try:
            manifest = _manifest(register, member)
        except RollbookError as error:
            tally.damaged(member.name, error.message)
            continue
        for entry in manifest.entries:
            _entry(register, member, entry, tally, progress)
    with register.catalog.read() as connection:
        for member in members:
            try:
                tally.statements += len(statements_.of_versions(connection, [member.version.key]))
            except CorruptData as error:
                tally.damaged(f"{member.name} provenance", error.message)


def _manifest(register: Register, member: MembershipRow) -> Manifest:
    fault = versions.fault(member.version)
    if fault:
        raise CorruptData(fault)
    manifest = manifests.read(register.blobs.read(member.version.manifest_blob, limit=MAX_MANIFEST))
    if manifest.digest != member.version.manifest_digest:
        raise CorruptData("the manifest does not match the version's seal")
    schemas: dict[str, JSON] = {entry.path: list(entry.columns) for entry in manifest.entries if entry.columns}
    sealed = (manifest.size, len(manifest.entries), encode(schemas).decode())
    if (member.version.size, member.version.file_count, member.version.schemas) != sealed:
        raise CorruptData("size, files or schemas in the catalog are not those of the manifest")
    return manifest


def _entry(register: Register, member: MembershipRow, entry: Entry, tally: _Tally, progress: Progress | None) -> None:
    what = f"{member.name} {entry.path}"
    if entry.stored is None:
        _reference(entry, what, tally)
        return
    if entry.stored not in tally.seen:
        tally.seen[entry.stored] = _read(register, entry.stored, tally, progress)
    if tally.seen[entry.stored]:
        tally.damaged(what, tally.seen[entry.stored])
    elif entry.kind == "table":
        _table(register, entry, what, tally)


def _read(register: Register, digest: Digest, tally: _Tally, progress: Progress | None) -> str:
    """Read a blob through its checks; the problem, or ""."""
    try:
        for piece in register.blobs.stream(digest):
            tally.bytes += len(piece)
            if progress is not None:
                progress(len(piece))
    except RollbookError as error:
        return error.message
    return ""


def _table(register: Register, entry: Entry, what: str, tally: _Tally) -> None:
    """Whether a table's logical content still has the digest that the version seals."""
    assert entry.stored is not None
    try:
        with needs_extra("compare"):
            from rollbook import tables
        with register.blobs.open(entry.stored) as stream:
            found = tables.logical_digest(tables.read_table(stream, entry.path))
    except MissingExtra as error:
        tally.faults.append(Fault(finding="unchecked", what=what, message=f"{error.message}: {error.hint}"))
    except RollbookError as error:
        tally.damaged(what, error.message)
    else:
        if found != entry.digest:
            tally.damaged(what, f"the table's content is {found}, not {entry.digest}")


def _reference(entry: Entry, what: str, tally: _Tally) -> None:
    if not tally.local_files or not entry.uri.startswith("file:") or not entry.checksum.startswith("sha256:"):
        message = f"bytes at {entry.uri} are not checked from here"
        tally.faults.append(Fault(finding="unchecked", what=what, message=message))
        return
    path = Path(unquote(urlsplit(entry.uri).path))
    try:
        hasher = hashlib.sha256()
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                hasher.update(block)
                tally.bytes += len(block)
    except OSError as error:
        tally.faults.append(Fault(finding="missing", what=what, message=f"{entry.uri}: {error.strerror}"))
        return
    if f"sha256:{hasher.hexdigest()}" != entry.checksum:
        tally.damaged(what, f"{entry.uri} has changed since it was recorded")


def _audit(register: Register, tally: _Tally) -> None:
    with register.catalog.read() as connection:
        try:
            organisation = projects.get_organisation(connection, register.actor.organisation)
        except NotFound:
            return
        for problem in audit.check(connection, organisation):
            tally.damaged("audit log", problem)
        newest = audit.list_page(connection, organisation, limit=1).items
        tally.audit_entries = newest[0].sequence + 1 if newest else 0


def _journals(register: Register, tally: _Tally) -> None:
    """Read the journal of every run that ended, and compare its rows with what was audited at the end."""
    before: int | None = None
    while True:
        with register.catalog.read() as connection:
            try:
                organisation = projects.get_organisation(connection, register.actor.organisation)
            except NotFound:
                return
            page = audit.list_page(connection, organisation, action=runs.FINISH, before=before, limit=_PAGE)
        for item in page.items:
            _journal(register, item, tally)
        if page.next is None:
            return
        before = page.next


def _rows(register: Register, run: str) -> int:
    """How many rows a run has, each of them read."""
    with register.catalog.read() as connection:
        key = catalog_runs.by_id(connection, run).key
    return sum(1 for _ in histories.rows_of(register, key, run))


def _journal(register: Register, item: AuditRow, tally: _Tally) -> None:
    entry = decode(item.entry)
    details = entry.get("details") if isinstance(entry, dict) else None
    if not isinstance(details, dict) or not isinstance(details.get("rows"), int):
        return
    try:
        found = _rows(register, str(details["run"]))
    except RollbookError as error:
        tally.damaged(f"history of run {details['run']}", error.message)
        return
    if found != details["rows"]:
        tally.damaged(f"history of run {details['run']}", f"{found} rows, but {details['rows']} were logged")
