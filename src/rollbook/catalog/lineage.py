"""Lineage, one step at a time: which runs used and produced which versions, and which versions belong together."""

from __future__ import annotations

from typing import get_args

from sqlalchemy import Connection, select

from rollbook.catalog.dialect import insert_unless_present
from rollbook.catalog.execution import builder, every, scope
from rollbook.catalog.rows import EdgeRole, EdgeRow, MembershipRow, RunRow, VersionLinkRow, VersionRow
from rollbook.catalog.schema import edges, version_links
from rollbook.model.errors import InvalidInput

MODEL = "model"
"""The relation of an evaluation to the model version that it evaluates."""

ROLES: tuple[str, ...] = get_args(EdgeRole)
_edge = builder(EdgeRow)
_link = builder(VersionLinkRow)


def add_edge(
    connection: Connection, run: RunRow, membership: MembershipRow, role: EdgeRole, *, reference: str, at: int
) -> EdgeRow:
    """Record that a run used or produced a version; the first time counts.

    Args:
        connection: A writing transaction.
        run: The run.
        membership: The version, as the run asked for it or as its commit numbered it.
        role: `used` or `produced`.
        reference: What the run asked for, such as `student_data:latest`.
        at: UTC microseconds.

    Raises:
        InvalidInput: The role does not exist.
    """
    if role not in ROLES:
        raise InvalidInput(f"edge role {role!r} does not exist", hint=f"one of {', '.join(ROLES)}")
    ends = {"run": run.key, "version": membership.version.key, "membership": membership.key, "role": role}
    insert_unless_present(connection, edges, scope(run) | ends | {"reference": reference, "at": at})
    where = (edges.c.run == run.key, edges.c.version == membership.version.key, edges.c.role == role)
    return every(connection, select(edges).where(*where), _edge)[0]


def of_run(connection: Connection, run: int, role: EdgeRole) -> tuple[EdgeRow, ...]:
    """What the run with this key used or produced, in order."""
    query = select(edges).where(edges.c.run == run, edges.c.role == role).order_by(edges.c.key)
    return every(connection, query, _edge)


def of_version(connection: Connection, version: int, role: EdgeRole) -> tuple[EdgeRow, ...]:
    """The runs that used or produced the version with this key, in order."""
    query = select(edges).where(edges.c.version == version, edges.c.role == role).order_by(edges.c.key)
    return every(connection, query, _edge)


def link(
    connection: Connection, source: VersionRow, target: VersionRow, relation: str, *, reference: str, at: int
) -> None:
    """Record that a version belongs to another, such as an evaluation (`source`) to its `model`.

    Args:
        connection: A writing transaction.
        source: The version that depends on the other.
        target: The version that it depends on.
        relation: What the target is to the source: `model`, `dataset`, `roster` ...
        reference: How the target was asked for.
        at: UTC microseconds.
    """
    ends = {"source": source.key, "target": target.key, "relation": relation}
    insert_unless_present(connection, version_links, scope(source) | ends | {"reference": reference, "at": at})


def links_from(connection: Connection, source: int) -> tuple[VersionLinkRow, ...]:
    """What the version with this key belongs to, by relation."""
    query = select(version_links).where(version_links.c.source == source)
    return every(connection, query.order_by(version_links.c.relation, version_links.c.key), _link)


def links_to(connection: Connection, target: int, relation: str | None = None) -> tuple[VersionLinkRow, ...]:
    """Which versions belong to the one with this key, such as the evaluations of a model, in order."""
    query = select(version_links).where(version_links.c.target == target)
    if relation is not None:
        query = query.where(version_links.c.relation == relation)
    return every(connection, query.order_by(version_links.c.key), _link)
