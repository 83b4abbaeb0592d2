"""The audit log: one entry per change, in the transaction that changes, numbered densely per organisation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from rollbook.catalog.execution import add, builder, every, lock
from rollbook.catalog.paging import Page, check_limit, page
from rollbook.catalog.rows import AuditRow, OrganisationRow
from rollbook.catalog.schema import audit, organisations
from rollbook.model.audit import AuditEntry, canonical, leaf_hash
from rollbook.model.canonical import JSON, decode

_row = builder(AuditRow)
_BATCH = 1000


class AuditValues(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry says; its number is given when it is appended.

    Attributes:
        project: Key of the project, or None for what concerns the whole organisation.
        at: UTC microseconds.
        actor: Who acted.
        action: What was done.
        resource: What it was done to.
        details: Facts of the action.
    """

    project: int | None
    at: int
    actor: str
    action: str
    resource: str
    details: Mapping[str, JSON]


def append(connection: Connection, organisation: int, values: AuditValues) -> AuditRow:
    """Append an entry to an organisation's log, under the next number.

    The caller's transaction holds the log from here to its end, so entries stand in the order of commits.
    """
    lock(connection, organisations, organisation)
    sequence = _next(connection, organisation)
    entry = AuditEntry(
        sequence=sequence,
        at=values.at,
        actor=values.actor,
        action=values.action,
        resource=values.resource,
        details=dict(values.details),
    )
    content = canonical(entry)
    facts: dict[str, Any] = {
        "organisation": organisation,
        "project": values.project,
        "sequence": sequence,
        "at": values.at,
    }
    facts |= {"actor": values.actor, "action": values.action, "resource": values.resource}
    facts |= {"entry": content, "leaf": leaf_hash(content)}
    return AuditRow(key=add(connection, audit, facts), **facts)


def _next(connection: Connection, organisation: int) -> int:
    highest = select(func.max(audit.c.sequence)).where(audit.c.organisation == organisation)
    last = connection.execute(highest).scalar_one()
    return 0 if last is None else last + 1


def list_page(
    connection: Connection,
    organisation: OrganisationRow,
    *,
    project: int | None = None,
    action: str | None = None,
    resource: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Page[AuditRow, int]:
    """Entries of an organisation, the newest first.

    Args:
        connection: The transaction.
        organisation: Whose log.
        project: Only of the project with this key.
        action: Only this action.
        resource: Only about this resource.
        before: The `next` of the page before: a sequence number.
        limit: Rows of the page.
    """
    query = select(audit).where(audit.c.organisation == organisation.key)
    for column, wanted in ((audit.c.project, project), (audit.c.action, action), (audit.c.resource, resource)):
        if wanted is not None:
            query = query.where(column == wanted)
    if before is not None:
        query = query.where(audit.c.sequence < before)
    query = query.order_by(audit.c.sequence.desc()).limit(check_limit(limit) + 1)
    return page(every(connection, query, _row), limit, lambda entry: entry.sequence)


def last(connection: Connection, project: int) -> int:
    """Number of the last entry about the project with this key; -1 where there is none."""
    highest = connection.execute(select(func.max(audit.c.sequence)).where(audit.c.project == project)).scalar_one()
    return -1 if highest is None else highest


def after(connection: Connection, project: int, sequence: int, *, limit: int) -> tuple[AuditRow, ...]:
    """Entries about the project with this key that follow an entry, the oldest first."""
    query = select(audit).where(audit.c.project == project, audit.c.sequence > sequence)
    return every(connection, query.order_by(audit.c.sequence).limit(check_limit(limit)), _row)


def check(connection: Connection, organisation: OrganisationRow) -> Iterator[str]:
    """Describe every entry that is missing, or whose columns, bytes and leaf do not agree.

    This finds damage and clumsy edits. Whoever rewrites an entry with its leaf is found only by comparing with a
    checkpoint kept elsewhere.
    """
    expected = 0
    while batch := _batch(connection, organisation, expected):
        for row in batch:
            if row.sequence != expected:
                yield f"entries {expected} to {row.sequence - 1} are missing"
            if not _agrees(row):
                yield f"entry {row.sequence} was altered"
            expected = row.sequence + 1


def _batch(connection: Connection, organisation: OrganisationRow, start: int) -> tuple[AuditRow, ...]:
    where = (audit.c.organisation == organisation.key, audit.c.sequence >= start)
    return every(connection, select(audit).where(*where).order_by(audit.c.sequence).limit(_BATCH), _row)


def _agrees(row: AuditRow) -> bool:
    try:
        recorded = decode(row.entry)
        details = recorded["details"] if isinstance(recorded, dict) else None
    except (ValueError, KeyError):
        return False
    if not isinstance(details, dict) or leaf_hash(row.entry) != row.leaf:
        return False
    return row.entry == canonical(
        AuditEntry(
            sequence=row.sequence,
            at=row.at,
            actor=row.actor,
            action=row.action,
            resource=row.resource,
            details=details,
        )
    )
