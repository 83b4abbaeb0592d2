"""Commit: make a version. One transaction: version, number, aliases, tags, lineage, provenance statement, audit."""

from __future__ import annotations

from typing import NamedTuple, cast

from rollbook.app import epoch, transfer
from rollbook.app.aliases import record_move
from rollbook.app.found import facts_of, locate_digest
from rollbook.app.register import Register
from rollbook.app.versions import MAX_MANIFEST
from rollbook.catalog import (
    Connection,
    aliases,
    collections,
    commits,
    evaluations,
    lineage,
    memberships,
    notes,
    runs,
    search_facts,
)
from rollbook.catalog import statements as statements_
from rollbook.catalog.rows import CollectionRow, MembershipRow, ProjectRow, RunRow
from rollbook.catalog.versions import VersionValues
from rollbook.model import failpoints
from rollbook.model import manifest as manifests
from rollbook.model.canonical import JSON, encode
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidInput
from rollbook.model.facts import Committed, Link, NewVersion
from rollbook.model.manifest import Manifest
from rollbook.model.names import check_name, check_tag
from rollbook.model.provenance import Material, statement
from rollbook.model.version import Seal, check_metadata
from rollbook.model.wire import NewVersionDocument

EVALUATION = "evaluation"


class Prepared(NamedTuple):
    """A version to be made, of which everything is durable: its blobs, and its manifest as `manifest`.

    `epoch` is the one in which all that was stored whole (`app.epoch`).
    """

    new: NewVersion
    manifest: Digest
    epoch: int


class _Commit(NamedTuple):
    """A commit under way: what the steps of its transaction share."""

    register: Register
    connection: Connection
    project: ProjectRow
    collection: CollectionRow
    run: RunRow | None
    new: NewVersion


def commit(register: Register, new: NewVersion) -> Committed:
    """Make a version. Every blob its manifest names is durable already.

    Raises:
        InvalidInput: A name or the metadata is not allowed.
        MissingBytes: A blob is not there, or not any more; nothing changed.
        Conflict: The stated number or the collection's type do not fit; nothing changed.
    """
    _check(register, new)
    observed = epoch.check_stored(register, new.manifest)
    return enter(register, Prepared(new, _keep_manifest(register, new.manifest), observed))


def prepare(register: Register, document: NewVersionDocument, project: str) -> Prepared:
    """Read the manifest that was stored for a version to be made, and check that all it names is stored.

    This takes as long as the manifest is large; `enter`, which follows, is one short transaction.

    Raises:
        InvalidInput: A name or the metadata is not allowed, the manifest is none, or a blob is not there.
        MissingBytes: A blob is not there any more.
    """
    register.allow("version.write", project, document.collection)
    if not transfer.holds(register, project, [document.manifest]):
        raise InvalidInput(f"the manifest is not stored: {document.manifest}", hint="upload it first")
    stored = register.blobs.read(document.manifest, limit=MAX_MANIFEST)
    try:
        manifest = manifests.read(stored)
    except CorruptData as error:
        raise InvalidInput(f"{document.manifest} is no manifest: {error.message}", hint="see docs/formats") from error
    new = document.read(project, manifest)
    _check(register, new)
    transfer.check_sent(register, project, manifest)
    return Prepared(new, document.manifest, epoch.check_stored(register, manifest, document.manifest))


def enter(register: Register, prepared: Prepared) -> Committed:
    """Make a version whose blobs and manifest are durable.

    Raises:
        Conflict: The stated number or the collection's type do not fit; nothing changed.
        MissingBytes: A blob was collected since; nothing changed.
    """
    new, blob, observed = prepared
    resource = register.allow("version.write", new.project, new.collection)
    seal = Seal(type=new.type, data_class=new.data_class, manifest=new.manifest.digest, metadata=new.metadata)
    with register.catalog.write() as connection:
        epoch.hold(register, connection, new.manifest, blob, observed)
        project = register.ensure_project(connection, new.project)
        run = runs.get(connection, project, new.origin.run) if new.origin.run else None
        act = register.act()
        collection = collections.ensure(
            connection, project, new.collection, type=new.type, id=register.new_id(), act=act
        )
        done = commits.commit_version(
            connection, collection, _values(register, new, seal, blob, run), act, stated_number=new.stated_number
        )
        if done.created:
            # `latest` follows by itself, and this entry is its move's entry too.
            details: dict[str, JSON] = {"digest": str(seal.digest), "number": done.membership.number}
            details["latest"] = done.latest.to_number if done.latest is not None else None
            register.record(connection, project, "version.commit", resource, details)
        under_way = _Commit(register, connection, project, collection, run, new)
        _name(under_way, done.membership)
        search_facts.index_version(connection, done.membership.version)
        _trace(under_way, done.membership)
        committed = Committed(facts_of(register, connection, [done.membership])[0], done.created)
        failpoints.reach("commit.before_db")
    failpoints.reach("commit.after_db")
    return committed


def _check(register: Register, new: NewVersion) -> None:
    register.allow("version.write", new.project, new.collection)
    check_name(new.collection, "collection")
    check_name(new.type, "type")
    check_metadata(new.metadata)
    for alias in new.aliases:
        check_name(alias, "alias")
        register.allow("alias.move", new.project, f"{new.collection}:{alias}")
    for tag in new.tags:
        check_tag(tag)


def _keep_manifest(register: Register, manifest: Manifest) -> Digest:
    """Make the manifest durable."""
    with register.blobs.writer() as writer:
        blob = writer.add_bytes(manifest.stored_bytes()).digest
        writer.commit()
    return blob


def _values(register: Register, new: NewVersion, seal: Seal, blob: Digest, run: RunRow | None) -> VersionValues:
    schemas: dict[str, JSON] = {entry.path: list(entry.columns) for entry in new.manifest.entries if entry.columns}
    return VersionValues(
        id=register.new_id(),
        digest=seal.digest,
        type=new.type,
        data_class=new.data_class,
        manifest_digest=seal.manifest,
        manifest_blob=blob,
        metadata=encode(new.metadata).decode(),
        schemas=encode(schemas).decode(),
        seal=seal.canonical(),
        size=new.manifest.size,
        file_count=len(new.manifest.entries),
        run=run.key if run else None,
    )


def _name(commit: _Commit, membership: MembershipRow) -> None:
    """Aliases, tags and description of the version."""
    register, new, act = commit.register, commit.new, commit.register.act("set when logged")
    for tag in new.tags:
        notes.tag(commit.connection, membership.version, tag, act)
    if new.description:
        notes.describe(commit.connection, membership.version, new.description, act)
    for alias in new.aliases:
        moved = aliases.move(commit.connection, commit.collection, alias, membership.number, act)
        if moved.move is not None:
            record_move(register, commit.connection, commit.project, commit.collection, moved.move)


def _trace(commit: _Commit, membership: MembershipRow) -> None:
    """Where the version came from: lineage edges, links and the provenance statement."""
    connection, new, run = commit.connection, commit.new, commit.run
    at = commit.register.clock()
    told = run is not None and _made_before(commit, run, membership)
    if run is not None:
        lineage.add_edge(connection, run, membership, "produced", reference=membership.name, at=at)
    for link in new.links:
        target = _linked(commit, link)
        lineage.link(connection, membership.version, target.version, link.relation, reference=target.name, at=at)
    if new.type == EVALUATION:
        declared = cast("dict[str, JSON]", new.metadata.get(EVALUATION) or {})
        evaluations.record(connection, membership.version, encode(declared.get("protocol")).decode(), at=at)
    if told:
        return
    content = statement(
        name=f"{commit.project.name}/{membership.name}",
        version=membership.version.digest,
        run=run.id if run else "",
        started_at=run.started_at if run else at,
        made_at=at,
        builder=new.origin.builder,
        parameters=new.origin.parameters,
        environment=new.origin.environment,
        code=new.origin.code,
        materials=_materials(commit),
    )
    statements_.add(connection, membership.version, content, run=run.key if run else None, at=at)


def _made_before(commit: _Commit, run: RunRow, membership: MembershipRow) -> bool:
    """Whether this run made this version already: its statement stands, and says the same but for the time."""
    made = lineage.of_run(commit.connection, run.key, "produced")
    return any(edge.version == membership.version.key for edge in made)


def _materials(commit: _Commit) -> list[Material]:
    """Everything the run used so far, and the versions that the new one belongs to."""
    found: dict[Digest, Material] = {}
    if commit.run is not None:
        used = lineage.of_run(commit.connection, commit.run.key, "used")
        for item in memberships.of_versions(commit.connection, [edge.version for edge in used]):
            found.setdefault(item.version.digest, _material(item))
    for link in commit.new.links:
        found.setdefault(link.digest, _material(_linked(commit, link)))
    return list(found.values())


def _linked(commit: _Commit, link: Link) -> MembershipRow:
    """The version that a link names, where the actor may read it."""
    commit.register.allow("version.read", link.project, link.collection)
    project = commit.register.project(commit.connection, link.project)
    return locate_digest(commit.connection, project, link.digest, link.collection)


def _material(membership: MembershipRow) -> Material:
    name = f"{membership.project_name}/{membership.name}"
    return Material(name, membership.version.digest, membership.version.type)
