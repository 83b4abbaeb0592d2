"""Space: which packs wait to be collected, in which epoch the register is, and which blobs its versions name.

A commit holds the state's row shared and a condemnation holds it alone, so they never overlap: either the condemnation
sees the new version, or the commit sees the new epoch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from rollbook.catalog.dialect import insert_unless_present
from rollbook.catalog.execution import builder, first
from rollbook.catalog.schema import memberships, versions
from rollbook.catalog.space_schema import deletions, space_packs, space_state
from rollbook.model.digest import Digest

SUSPECT, CONDEMNED, GONE = "suspect", "condemned", "gone"
_ONLY = 1
_PAGE = 1000


class SpaceState(msgspec.Struct, frozen=True):
    """Where collection stands.

    Attributes:
        epoch: How often packs were condemned.
        cycle: How often was collected.
        cycle_at: When it was last.
    """

    epoch: int
    cycle: int
    cycle_at: int


class PackRow(msgspec.Struct, frozen=True):
    """A pack that is not needed whole.

    Attributes:
        pack: Id, in hexadecimal digits.
        state: `suspect`; `condemned`: it counts no more; `gone`: its objects were removed.
        dead: A bit per record of its table: dead in every cycle since it was first seen.
        cycles: In so many cycles.
        waited: For so long, as the cycles counted.
        bytes: Length of its objects.
        seen_at: When it was first seen.
        changed_at: When the state changed last.
    """

    pack: str
    state: str
    dead: bytes
    cycles: int
    waited: int
    bytes: int
    seen_at: int
    changed_at: int


class Root(msgspec.Struct, frozen=True):
    """A membership and the stored manifest of its version."""

    key: int
    manifest: Digest


_COLUMNS = [column for column in space_packs.c if column.name != "key"]
_FACTS = [column for column in space_state.c if column.name != "key"]
_state = builder(SpaceState)
_pack = builder(PackRow)


def state(connection: Connection) -> SpaceState:
    """Where collection stands; see `hold` for a look that lasts."""
    return first(connection, select(*_FACTS).where(space_state.c.key == _ONLY), _state) or SpaceState(0, 0, 0)


def hold(connection: Connection) -> SpaceState:
    """Where collection stands until this writing transaction ends. Take it before any other lock."""
    return _held(connection, shared=True)


def alone(connection: Connection) -> SpaceState:
    """As `hold`, and nobody commits a version meanwhile."""
    return _held(connection, shared=False)


def _held(connection: Connection, *, shared: bool) -> SpaceState:
    query = select(*_FACTS).where(space_state.c.key == _ONLY).with_for_update(read=shared)
    found = first(connection, query, _state)
    if found is None:
        values = {"key": _ONLY, "epoch": 0, "cycle": 0, "cycle_at": 0}
        insert_unless_present(connection, space_state, values)
        found = first(connection, query, _state)
    assert found is not None
    return found


def change(connection: Connection, **values: int) -> None:
    """Change facts of the state; the caller holds it alone."""
    connection.execute(update(space_state).where(space_state.c.key == _ONLY).values(**values))


def restores(connection: Connection) -> int:
    """How often a deleted version was brought back."""
    undone = select(func.count()).select_from(deletions).where(deletions.c.undeleted_at.is_not(None))
    return int(connection.execute(undone).scalar_one())


def hidden(connection: Connection) -> frozenset[bytes]:
    """Raw ids of packs that count no more, and whose names must not be used yet."""
    query = select(space_packs.c.pack).where(space_packs.c.state != SUSPECT)
    return frozenset(bytes.fromhex(row[0]) for row in connection.execute(query))


def packs(connection: Connection, *states: str) -> dict[bytes, PackRow]:
    """Packs in some states, by raw id."""
    query = select(*_COLUMNS).where(space_packs.c.state.in_(states))
    rows = (_pack(row) for row in connection.execute(query).mappings())
    return {bytes.fromhex(row.pack): row for row in rows}


def keep_suspects(connection: Connection, suspects: Iterable[PackRow]) -> None:
    """Put these in place of all suspects."""
    connection.execute(delete(space_packs).where(space_packs.c.state == SUSPECT))
    rows = [msgspec.structs.asdict(suspect) for suspect in suspects]
    if rows:
        connection.execute(insert(space_packs), rows)


def condemn(connection: Connection, sizes: Mapping[bytes, int], *, at: int) -> None:
    """Let packs (raw id -> bytes) count no more; the caller holds the state alone, and counts the epoch up."""
    for pack in sizes:
        connection.execute(delete(space_packs).where(space_packs.c.pack == pack.hex()))
    fixed = {"state": CONDEMNED, "dead": b"", "cycles": 0, "waited": 0, "seen_at": at, "changed_at": at}
    rows = [{"pack": pack.hex(), "bytes": size} | fixed for pack, size in sizes.items()]
    if rows:
        connection.execute(insert(space_packs), rows)


def gone(connection: Connection, packs: Iterable[bytes], *, at: int) -> None:
    """Note that the objects of condemned packs were removed."""
    for pack in packs:
        where = space_packs.c.pack == pack.hex()
        connection.execute(update(space_packs).where(where).values(state=GONE, changed_at=at))


def purge(connection: Connection, *, before: int) -> None:
    """Forget packs that were removed before an instant: their names may be used again."""
    connection.execute(delete(space_packs).where(space_packs.c.state == GONE, space_packs.c.changed_at < before))


def newest(connection: Connection) -> int:
    """Key of the newest membership, 0 where there is none."""
    return connection.execute(select(func.max(memberships.c.key))).scalar_one() or 0


def roots(connection: Connection, *, deleted_after: int, after: int, limit: int = _PAGE) -> list[Root]:
    """Memberships of every organisation that are needed, by key.

    Args:
        connection: The transaction.
        deleted_after: Deleted ones count when they were deleted later than this.
        after: Key to begin after.
        limit: Most to return.
    """
    needed = memberships.c.deleted_at.is_(None) | (memberships.c.deleted_at > deleted_after)
    joined = memberships.join(versions, memberships.c.version == versions.c.key)
    query = select(memberships.c.key, versions.c.manifest_blob).select_from(joined)
    query = query.where(memberships.c.key > after, needed).order_by(memberships.c.key).limit(limit)
    return [Root(row.key, row.manifest_blob) for row in connection.execute(query)]


def living(connection: Connection, organisation: int, *, after: int, limit: int = _PAGE) -> Sequence[Any]:
    """Living memberships of an organisation by key: key, project, collection, size and stored manifest."""
    joined = memberships.join(versions, memberships.c.version == versions.c.key)
    columns = (memberships.c.key, memberships.c.project, memberships.c.collection, versions.c.size)
    query = select(*columns, versions.c.manifest_blob).select_from(joined)
    query = query.where(memberships.c.organisation == organisation, memberships.c.deleted_at.is_(None))
    query = query.where(memberships.c.key > after).order_by(memberships.c.key).limit(limit)
    return connection.execute(query).all()


def basis(connection: Connection, organisation: int) -> str:
    """A text that changes whenever a figure of the organisation's space may."""
    where = memberships.c.organisation == organisation
    newest_key = connection.execute(select(func.max(memberships.c.key)).where(where)).scalar_one() or 0
    deleted = connection.execute(
        select(func.count()).select_from(memberships).where(where, memberships.c.deleted_at.is_not(None))
    ).scalar_one()
    return f"{newest_key}-{deleted}-{restores(connection)}-{state(connection).epoch}"
