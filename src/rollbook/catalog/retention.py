"""Retention rules: each time one is set it is a new row, so that it stays known which rule deleted what."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from rollbook.catalog.execution import add, builder, every, lock
from rollbook.catalog.rows import Act, ProjectRow
from rollbook.catalog.schema import aliases, memberships, organisations, projects, version_links
from rollbook.catalog.space_schema import retention_rules
from rollbook.model.names import LATEST

_MOST = 1000


class RuleRow(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as it was set. `rule` is JSON, or "" where it was taken away; `collection` is "" for the whole project."""

    key: int
    organisation: int
    project: int
    collection: str
    generation: int
    rule: str
    at: int
    actor: str
    reason: str


_rule = builder(RuleRow)


def put(connection: Connection, project: ProjectRow, collection: str, rule: str, act: Act) -> RuleRow:
    """Set the rule of a collection, or of the project; what stood before stays as history."""
    lock(connection, projects, project.key)
    where = (retention_rules.c.project == project.key, retention_rules.c.collection == collection)
    last = connection.execute(select(func.max(retention_rules.c.generation)).where(*where)).scalar_one() or 0
    values: dict[str, Any] = {"organisation": project.organisation, "project": project.key, "collection": collection}
    values |= {"generation": last + 1, "rule": rule} | msgspec.structs.asdict(act)
    return RuleRow(key=add(connection, retention_rules, values), **values)


def standing(connection: Connection, project: ProjectRow) -> dict[str, RuleRow]:
    """The rules of a project that stand, by collection; "" is that of the project."""
    found = {row.collection: row for row in history(connection, project)[::-1]}
    return {name: row for name, row in found.items() if row.rule}


def history(connection: Connection, project: ProjectRow) -> tuple[RuleRow, ...]:
    """Every rule that was ever set in a project, the newest first; at most the newest 1,000."""
    query = select(retention_rules).where(retention_rules.c.project == project.key)
    return every(connection, query.order_by(retention_rules.c.key.desc()).limit(_MOST), _rule)


def projects_with_rules(connection: Connection) -> list[tuple[int, int]]:
    """Keys of organisation and project of every project in which a rule was ever set."""
    query = select(retention_rules.c.organisation, retention_rules.c.project).distinct()
    return [(row[0], row[1]) for row in connection.execute(query.order_by(retention_rules.c.project))]


def names_of(connection: Connection, found: list[tuple[int, int]]) -> list[tuple[str, str]]:
    """Names of organisation and project for such keys."""
    joined = projects.join(organisations, projects.c.organisation == organisations.c.key)
    query = select(organisations.c.name, projects.c.name).select_from(joined)
    wanted = [key for _, key in found]
    return [
        (row[0], row[1]) for row in connection.execute(query.where(projects.c.key.in_(wanted)).order_by(projects.c.key))
    ]


def aliased_versions(connection: Connection, organisation: int) -> frozenset[int]:
    """Keys of all versions of an organisation to which an alias other than `latest` points."""
    joined = aliases.join(memberships, aliases.c.membership == memberships.c.key)
    where = (aliases.c.organisation == organisation, aliases.c.alias != LATEST)
    query = select(memberships.c.version).select_from(joined).where(*where).distinct()
    return frozenset(row[0] for row in connection.execute(query))


def linked_versions(connection: Connection, organisation: int) -> frozenset[int]:
    """Keys of all versions of an organisation to which a living version is linked."""
    joined = version_links.join(memberships, version_links.c.source == memberships.c.version)
    where = (version_links.c.organisation == organisation, memberships.c.deleted_at.is_(None))
    query = select(version_links.c.target).select_from(joined).where(*where).distinct()
    return frozenset(row[0] for row in connection.execute(query))
