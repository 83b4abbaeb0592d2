"""Delete and bring back. What was deleted can be brought back for 30 days; row, seal and statements stay for ever."""

from __future__ import annotations

from rollbook.app import epoch
from rollbook.app.found import facts_of, locate
from rollbook.app.register import Register
from rollbook.app.versions import MAX_MANIFEST
from rollbook.catalog import collections, deletions, memberships
from rollbook.catalog.deletions import DeletionRow
from rollbook.catalog.rows import MembershipRow
from rollbook.model import instant, manifest, reference
from rollbook.model.errors import InvalidReference, NotFound
from rollbook.model.facts import VersionFacts
from rollbook.model.space import UNDELETE_WITHIN, Deletion

_PAGE = 1000


def delete(register: Register, name: str, project: str, *, reason: str = "") -> Deletion:
    """Delete a version of a collection.

    Args:
        register: The register.
        name: A reference.
        project: Project at hand.
        reason: Why; kept for ever.

    Raises:
        NotFound: There is no such version.
        Conflict: An alias points to it, or a living version needs it.
    """
    with register.catalog.write() as connection:
        target = locate(register, connection, name, project)
        resource = register.allow("version.delete", target.project_name, target.name)
        row = register.project(connection, target.project_name)
        collection = collections.get(connection, row, target.collection_name)
        move = deletions.delete(connection, collection, target.number, register.act(reason))
        latest = move.to_number if move is not None else None
        details = {"digest": str(target.version.digest), "reason": reason, "latest": latest}
        register.record(connection, row, "version.delete", resource, dict(details))
        gone = deletions.deleted(connection, collection, target.number)
        return _facts(gone, deletions.standing(connection, gone.key))


def undelete(register: Register, name: str, project: str, *, reason: str = "") -> VersionFacts:
    """Bring a deleted version back, under its number. Aliases are not moved back, but for `latest`.

    Args:
        register: The register.
        name: `[project/]collection:vN`.
        project: Project at hand.
        reason: Why; kept for ever.

    Raises:
        NotFound: It is not deleted, or was deleted too long ago.
        Conflict: The same content stands under another number now.
        MissingBytes: Its bytes are gone.
    """
    collection_name, number, full = _numbered(register, name, project)
    resource = register.allow("version.delete", full, f"{collection_name}:v{number}")
    with register.catalog.read() as connection:
        row = register.project(connection, full)
        target = deletions.deleted(connection, collections.get(connection, row, collection_name), number)
    _check_age(target, register.clock())
    held = manifest.read(register.blobs.read(target.version.manifest_blob, limit=MAX_MANIFEST))
    observed = epoch.check_stored(register, held, target.version.manifest_blob)
    with register.catalog.write() as connection:
        epoch.hold(register, connection, held, target.version.manifest_blob, observed)
        collection = collections.get(connection, row, collection_name)
        move = deletions.undelete(connection, collection, number, register.act(reason))
        latest = move.to_number if move is not None else None
        details = {"digest": str(target.version.digest), "reason": reason, "latest": latest}
        register.record(connection, row, "version.undelete", resource, dict(details))
        return facts_of(register, connection, [memberships.get(connection, collection, number)])[0]


def list_deleted(register: Register, project: str) -> list[Deletion]:
    """Deleted versions of a project, the newest first; those whose bytes are gone, too."""
    register.allow("version.read", project)
    found: list[Deletion] = []
    before: int | None = None
    with register.catalog.read() as connection:
        row = register.project(connection, project)
        while True:
            page = deletions.list_page(connection, row, before=before, limit=_PAGE)
            found.extend(_facts(one, deletion) for one, deletion in page.items)
            if page.next is None:
                return found
            before = page.next


def _numbered(register: Register, name: str, project: str) -> tuple[str, int, str]:
    parsed = reference.parse(name)
    if parsed.number is None or not parsed.collection:
        raise InvalidReference(f"{name!r} does not name a number", hint="for example math_tutor:v3")
    entity = "" if parsed.entity in ("", register.actor.organisation) else f"{parsed.entity}/"
    return parsed.collection, parsed.number, f"{entity}{parsed.project}" if parsed.project else project


def _check_age(target: MembershipRow, now: int) -> None:
    assert target.deleted_at is not None
    until = target.deleted_at + UNDELETE_WITHIN
    if now > until:
        raise NotFound(
            f"{target.name} was deleted by {target.deleted_by}; it could come back until {instant.to_text(until)}",
            hint="log the same content again, if you have it: its digest will be the same",
        )


def _facts(row: MembershipRow, deletion: DeletionRow | None) -> Deletion:
    assert row.deleted_at is not None
    return Deletion(
        project=row.project_name,
        reference=row.name,
        digest=str(row.version.digest),
        deleted_at=row.deleted_at,
        deleted_by=row.deleted_by or "",
        reason=deletion.reason if deletion else "",
        until_at=row.deleted_at + UNDELETE_WITHIN,
    )
