"""Versions: resolve, list, read, and what stands beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rollbook.app.found import facts_of, locate, locate_digest
from rollbook.app.register import Register
from rollbook.catalog import collections, memberships, notes, projects
from rollbook.catalog import statements as statements_
from rollbook.model import instant
from rollbook.model import manifest as manifests
from rollbook.model.canonical import JSON, encode
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, NotFound
from rollbook.model.facts import VersionFacts
from rollbook.model.manifest import Manifest
from rollbook.model.names import check_tag
from rollbook.model.version import check_metadata, read_seal

MAX_MANIFEST = 1024 * 1024 * 1024
_PAGE = 1000


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
    register.allow("version.read", version.project, version.collection)
    with register.catalog.read() as connection:
        project = register.project(connection, version.project)
        row = locate_digest(connection, project, version.digest).version
    manifest = manifests.read(register.blobs.read(row.manifest_blob, limit=MAX_MANIFEST))
    if manifest.digest != read_seal(row.seal, row.digest).manifest:
        raise CorruptData(f"the manifest of {version.reference} does not match its seal", hint="run 'rollbook verify'")
    return manifest


def list_versions(register: Register, project: str, collection: str) -> list[VersionFacts]:
    """Versions of a collection, newest first."""
    register.allow("version.read", project, collection)
    found: list[VersionFacts] = []
    before: int | None = None
    with register.catalog.read() as connection:
        row = register.project(connection, project)
        wanted = collections.get(connection, row, collection)
        while True:
            page = memberships.list_page(connection, row, collection=wanted, before=before, limit=_PAGE)
            found.extend(facts_of(register, connection, page.items))
            if page.next is None:
                return found
            before = page.next


def list_projects(register: Register) -> list[str]:
    """Names of all projects."""
    with register.catalog.read() as connection:
        try:
            organisation = projects.get_organisation(connection, register.actor.organisation)
        except NotFound:
            return []
        return [project.name for project in projects.list_projects(connection, organisation, limit=_PAGE).items]


def list_collections(register: Register, project: str, type: str = "") -> list[dict[str, JSON]]:  # noqa: A002
    """Collections with their type, newest version and when they last grew."""
    register.allow("version.read", project)
    with register.catalog.read() as connection:
        row = register.project(connection, project)
        result: list[dict[str, JSON]] = []
        for found in collections.list_page(connection, row, type=type or None, limit=_PAGE).items:
            newest = memberships.latest(connection, found)
            result.append(
                {
                    "name": found.name,
                    "type": found.type,
                    "newest": newest.name if newest else None,
                    "updated_at": newest.added_at if newest else found.created_at,
                }
            )
        return result


def statements(register: Register, version: Digest, project: str) -> Sequence[bytes]:
    """The provenance statements of a version, oldest first."""
    register.allow("version.read", project)
    with register.catalog.read() as connection:
        row = locate_digest(connection, register.project(connection, project), version).version
        return [item.content for item in statements_.of_versions(connection, [row.key])]


def note(
    register: Register,
    version: VersionFacts,
    *,
    add_tags: Sequence[str] = (),
    remove_tags: Sequence[str] = (),
    description: str | None = None,
    metadata: Mapping[str, JSON] | None = None,
) -> VersionFacts:
    """State later facts about a version; its seal does not change.

    Raises:
        InvalidName: A tag is not allowed.
        NotFound: A tag to remove is not on the version.
    """
    resource = register.allow("note.write", version.project, version.reference)
    for tag in add_tags:
        check_tag(tag)
    if metadata is not None:
        check_metadata(metadata)
    act = register.act()
    with register.catalog.write() as connection:
        project = register.project(connection, version.project)
        collection = collections.get(connection, project, version.collection)
        membership = memberships.get(connection, collection, version.number)
        for tag in add_tags:
            notes.tag(connection, membership.version, tag, act)
        for tag in remove_tags:
            notes.untag(connection, membership.version, tag, act)
        if description is not None:
            notes.describe(connection, membership.version, description, act)
        if metadata is not None:
            notes.annotate(connection, membership.version, encode(dict(metadata)).decode(), act)
        details: dict[str, JSON] = {"tags_added": list(add_tags), "tags_removed": list(remove_tags)}
        details |= {"described": description is not None, "annotated": metadata is not None}
        register.record(connection, project, "version.note", resource, details)
        return facts_of(register, connection, [membership])[0]


def note_history(register: Register, version: VersionFacts) -> list[dict[str, JSON]]:
    """Every note a version ever had, oldest first."""
    register.allow("version.read", version.project, version.collection)
    with register.catalog.read() as connection:
        project = register.project(connection, version.project)
        row = locate_digest(connection, project, version.digest).version
        return [
            {
                "kind": item.kind,
                "value": item.value,
                "actor": item.actor,
                "added_at": instant.to_text(item.added_at),
                "removed_at": instant.to_text(item.removed_at) if item.removed_at is not None else None,
                "removed_by": item.removed_by,
            }
            for item in notes.history(connection, row)
        ]
