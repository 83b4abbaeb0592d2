"""Versions: resolve, list, read, and what stands beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rollbook.app.found import facts_of, locate, locate_digest
from rollbook.app.paging import PAGE, name_in, number_in, word_of
from rollbook.app.register import Register
from rollbook.catalog import collections, memberships, notes, projects, search_facts
from rollbook.catalog import statements as statements_
from rollbook.catalog.rows import CollectionRow, MembershipRow, NoteRow
from rollbook.model import instant
from rollbook.model import manifest as manifests
from rollbook.model.canonical import JSON, encode
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, NotFound
from rollbook.model.facts import CollectionFacts, VersionFacts
from rollbook.model.manifest import Manifest
from rollbook.model.names import check_tag
from rollbook.model.version import check_metadata, read_seal
from rollbook.model.wire import CollectionPage, RecordPage, TextPage, VersionPage

MAX_MANIFEST = 1024 * 1024 * 1024
STATEMENTS = 100
"""Most statements of one page: each may be large."""


def resolve(register: Register, reference: str, project: str) -> VersionFacts:
    """The version a reference names.

    Raises:
        InvalidReference: It does not follow the grammar, or a digest prefix is ambiguous.
        NotFound: There is no such version.
    """
    with register.catalog.read() as connection:
        membership = locate(register, connection, reference, project)
        return facts_of(register, connection, [membership])[0]


def manifest_of(register: Register, version: VersionFacts) -> Manifest:
    """The version's manifest, checked against the version's seal.

    Raises:
        CorruptData: Seal or manifest do not match their digests.
    """
    return read_manifest(register, version.digest, version.project)[0]


def read_manifest(register: Register, version: Digest, project: str) -> tuple[Manifest, bytes]:
    """A version's manifest, checked against the version's seal, and its stored bytes.

    Raises:
        CorruptData: Seal or manifest do not match their digests.
    """
    register.allow("version.read", project)
    with register.catalog.read() as connection:
        row = locate_digest(connection, register.project(connection, project), version).version
    stored = register.blobs.read(row.manifest_blob, limit=MAX_MANIFEST)
    manifest = manifests.read(stored)
    if manifest.digest != read_seal(row.seal, row.digest).manifest:
        raise CorruptData(f"the manifest of {version} does not match its seal", hint="run 'rollbook verify'")
    return manifest, stored


def list_versions(
    register: Register, project: str, collection: str, *, after: str | None = None, limit: int = PAGE
) -> VersionPage:
    """Versions of a collection, newest first. `after` is `next` of the page before."""
    register.allow("version.read", project, collection)
    with register.catalog.read() as connection:
        row = register.project(connection, project)
        wanted = collections.get(connection, row, collection)
        page = memberships.list_page(connection, row, collection=wanted, before=number_in(after), limit=limit)
        return VersionPage(tuple(facts_of(register, connection, page.items)), word_of(page.next))


def list_projects(register: Register, *, after: str | None = None, limit: int = PAGE) -> TextPage:
    """Full names of the projects in which the actor has a role. `after` is `next` of the page before."""
    with register.catalog.read() as connection:
        try:
            organisation = projects.get_organisation(connection, register.actor.organisation)
        except NotFound:
            return TextPage(())
        page = projects.list_projects(connection, organisation, after=name_in(after), limit=limit)
    return TextPage(
        tuple(project.name for project in page.items if register.actor.roles_in(project.name)), word_of(page.next)
    )


def list_collections(
    register: Register,
    project: str,
    type: str = "",  # noqa: A002
    *,
    after: str | None = None,
    limit: int = PAGE,
) -> CollectionPage:
    """Collections with their type, newest version and when they last grew. `after` is `next` of the page before."""
    register.allow("version.read", project)
    with register.catalog.read() as connection:
        row = register.project(connection, project)
        page = collections.list_page(connection, row, type=type or None, after=name_in(after), limit=limit)
        return CollectionPage(
            tuple(_collection(found, memberships.latest(connection, found)) for found in page.items),
            word_of(page.next),
        )


def _collection(found: CollectionRow, newest: MembershipRow | None) -> CollectionFacts:
    return CollectionFacts(
        name=found.name,
        type=found.type,
        newest=newest.name if newest else None,
        updated_at=newest.added_at if newest else found.created_at,
    )


def statements(
    register: Register, version: Digest, project: str, *, after: str | None = None, limit: int = STATEMENTS
) -> TextPage:
    """The provenance statements of a version, oldest first, as the text that their digests name."""
    register.allow("version.read", project)
    with register.catalog.read() as connection:
        row = locate_digest(connection, register.project(connection, project), version).version
        page = statements_.list_page(connection, row, after=number_in(after), limit=limit)
    return TextPage(tuple(item.content.decode() for item in page.items), word_of(page.next))


def note(
    register: Register,
    project: str,
    collection: str,
    number: int,
    *,
    add_tags: Sequence[str] = (),
    remove_tags: Sequence[str] = (),
    description: str | None = None,
    metadata: Mapping[str, JSON] | None = None,
) -> VersionFacts:
    """State later facts about the version under a number of a collection; its seal does not change.

    Raises:
        InvalidName: A tag is not allowed.
        NotFound: A tag to remove is not on the version.
    """
    resource = register.allow("note.write", project, f"{collection}:v{number}")
    for tag in add_tags:
        check_tag(tag)
    if metadata is not None:
        check_metadata(metadata)
    act = register.act()
    with register.catalog.write() as connection:
        row = register.project(connection, project)
        membership = memberships.get(connection, collections.get(connection, row, collection), number)
        for tag in add_tags:
            notes.tag(connection, membership.version, tag, act)
        for tag in remove_tags:
            notes.untag(connection, membership.version, tag, act)
        if description is not None:
            notes.describe(connection, membership.version, description, act)
        if metadata is not None:
            notes.annotate(connection, membership.version, encode(dict(metadata)).decode(), act)
        search_facts.index_version(connection, membership.version)
        details: dict[str, JSON] = {"tags_added": list(add_tags), "tags_removed": list(remove_tags)}
        details |= {"described": description is not None, "annotated": metadata is not None}
        register.record(connection, row, "version.note", resource, details)
        return facts_of(register, connection, [membership])[0]


def note_history(
    register: Register, version: Digest, project: str, *, after: str | None = None, limit: int = PAGE
) -> RecordPage:
    """Every note a version ever had, oldest first."""
    register.allow("version.read", project)
    with register.catalog.read() as connection:
        row = locate_digest(connection, register.project(connection, project), version).version
        page = notes.list_page(connection, row, after=number_in(after), limit=limit)
    return RecordPage(tuple(_note(item) for item in page.items), word_of(page.next))


def _note(item: NoteRow) -> dict[str, JSON]:
    return {
        "kind": item.kind,
        "value": item.value,
        "actor": item.actor,
        "added_at": instant.to_text(item.added_at),
        "removed_at": instant.to_text(item.removed_at) if item.removed_at is not None else None,
        "removed_by": item.removed_by,
    }
