"""Memberships: which version stands under which number of which collection. One version may stand in several."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Exists, RowMapping, Select, exists, func, select

from rollbook.catalog import versions as versions_
from rollbook.catalog.execution import every, first
from rollbook.catalog.paging import Page, check_limit, page
from rollbook.catalog.rows import CollectionRow, MembershipRow, ProjectRow
from rollbook.catalog.schema import aliases, collections, memberships, notes, projects, versions
from rollbook.model.errors import NotFound
from rollbook.model.instant import to_text
from rollbook.model.space import UNDELETE_WITHIN

_VERSION = "version_"


@cache
def query() -> Select[Any]:
    """Memberships joined with what they name; build its rows with `build`."""
    joined = (
        versions_.JOINED.join(memberships, memberships.c.version == versions.c.key)
        .join(collections, memberships.c.collection == collections.c.key)
        .join(projects, memberships.c.project == projects.c.key)
    )
    own = [column for column in memberships.c if column.name != "version"]
    names = [collections.c.name.label("collection_name"), projects.c.name.label("project_name")]
    version = [column.label(f"{_VERSION}{column.name}") for column in versions_.COLUMNS]
    return select(*own, *names, *version).select_from(joined)


def build(row: RowMapping) -> MembershipRow:
    """A membership from a row of `query`."""
    own: dict[str, Any] = {str(name): value for name, value in row.items() if not str(name).startswith(_VERSION)}
    return MembershipRow(**own, version=versions_.nested(row, _VERSION))


def by_key(connection: Connection, key: int) -> MembershipRow:
    """The membership with this key, deleted or not."""
    return build(connection.execute(query().where(memberships.c.key == key)).mappings().one())


def get(connection: Connection, collection: CollectionRow, number: int) -> MembershipRow:
    """The membership under a number.

    Raises:
        NotFound: The number was never given, or its version was deleted.
    """
    where = (memberships.c.collection == collection.key, memberships.c.number == number)
    found = first(connection, query().where(*where), build)
    if found is None:
        raise NotFound(f"no version {collection.name}:v{number}", hint=_numbers(connection, collection))
    if found.deleted_at is not None:
        raise was_deleted(found)
    return found


def was_deleted(found: MembershipRow) -> NotFound:
    """What to raise where a deleted membership is named."""
    at = found.deleted_at or 0
    return NotFound(
        f"{found.name} was deleted by {found.deleted_by} on {to_text(at)[:10]}",
        hint=f"until {to_text(at + UNDELETE_WITHIN)[:10]}: rollbook undelete {found.name}",
    )


def _numbers(connection: Connection, collection: CollectionRow) -> str:
    newest = latest(connection, collection)
    return f"the newest is v{newest.number}" if newest else "the collection has no versions"


def latest(connection: Connection, collection: CollectionRow) -> MembershipRow | None:
    """The living membership with the highest number, or None."""
    where = (memberships.c.collection == collection.key, memberships.c.deleted_at.is_(None))
    ordered = query().where(*where).order_by(memberships.c.number.desc()).limit(1)
    return first(connection, ordered, build)


def find(connection: Connection, collection: CollectionRow, version: int) -> MembershipRow | None:
    """The living membership of a version in a collection, or None."""
    where = (memberships.c.collection == collection.key, memberships.c.version == version)
    return first(connection, query().where(*where, memberships.c.deleted_at.is_(None)), build)


def of_versions(connection: Connection, keys: Sequence[int]) -> tuple[MembershipRow, ...]:
    """Every membership of these versions, the living ones first, each kind in the order in which it was added."""
    ordered = query().where(memberships.c.version.in_(keys))
    return every(connection, ordered.order_by(memberships.c.deleted_at.is_not(None), memberships.c.key), build)


def next_number(connection: Connection, collection: CollectionRow) -> int | None:
    """The number that the next version gets, or None where the collection never had one."""
    highest = select(func.max(memberships.c.number)).where(memberships.c.collection == collection.key)
    number = connection.execute(highest).scalar_one()
    return None if number is None else number + 1


def list_page(
    connection: Connection,
    project: ProjectRow,
    *,
    collection: CollectionRow | None = None,
    type: str | None = None,  # noqa: A002
    tag: str | None = None,
    alias: str | None = None,
    deleted: bool = False,
    before: int | None = None,
    limit: int = 100,
) -> Page[MembershipRow, int]:
    """Memberships, the newest first.

    Args:
        connection: The transaction.
        project: Where to look.
        collection: Only of this collection.
        type: Only versions of this type.
        tag: Only versions with this tag now.
        alias: Only memberships to which this alias points now, in any segment.
        deleted: List deleted ones as well.
        before: The `next` of the page before.
        limit: Rows of the page.
    """
    wanted = query().where(memberships.c.project == project.key)
    if collection is not None:
        wanted = wanted.where(memberships.c.collection == collection.key)
    if type is not None:
        wanted = wanted.where(versions.c.type == type)
    if tag is not None:
        wanted = wanted.where(_tagged(tag))
    if alias is not None:
        wanted = wanted.where(_aliased(alias))
    if not deleted:
        wanted = wanted.where(memberships.c.deleted_at.is_(None))
    if before is not None:
        wanted = wanted.where(memberships.c.key < before)
    wanted = wanted.order_by(memberships.c.key.desc()).limit(check_limit(limit) + 1)
    return page(every(connection, wanted, build), limit, lambda membership: membership.key)


def _tagged(tag: str) -> Exists:
    where = (notes.c.version == versions.c.key, notes.c.kind == "tag", notes.c.value == tag)
    return exists().where(*where, notes.c.removed_at.is_(None))


def _aliased(alias: str) -> Exists:
    return exists().where(aliases.c.membership == memberships.c.key, aliases.c.alias == alias)
