"""Which fields there are to search by, with the kinds of their values and how many have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Table, distinct, func, select

from rollbook.catalog.rows import ProjectRow
from rollbook.catalog.search_facts import CUT, FieldSource
from rollbook.catalog.search_schema import run_facts, search_fields, version_facts
from rollbook.model.query.ranks import READ_AS_DATE, kind_of

FIELDS_LIMIT = 1000


class ListedField(NamedTuple):
    """A field of one project: its source and path, the kinds of its values, how many have it."""

    source: str
    path: str
    kinds: frozenset[str]
    holders: int


def listed(connection: Connection, project: ProjectRow, sources: Sequence[FieldSource]) -> tuple[ListedField, ...]:
    """The first `FIELDS_LIMIT` fields of a project, by source and path. Takes time in proportion to their values."""
    query = (
        select(search_fields.c.key, search_fields.c.source, search_fields.c.path)
        .where(search_fields.c.project == project.key, search_fields.c.source.in_(sources))
        .where(search_fields.c.path != CUT)
        .order_by(search_fields.c.source, search_fields.c.path)
        .limit(FIELDS_LIMIT)
    )
    fields = connection.execute(query).all()
    counted: dict[int, tuple[frozenset[str], int]] = {}
    for table, of_runs in ((version_facts, False), (run_facts, True)):
        keys = [key for key, source, _ in fields if (source in ("run", "config", "summary")) == of_runs]
        counted |= _counts(connection, table, keys)
    return tuple(ListedField(source, path, *counted[key]) for key, source, path in fields if key in counted)


def paths(connection: Connection, project: ProjectRow, source: FieldSource) -> list[str]:
    """The first `FIELDS_LIMIT` paths of a source, for whoever misspelt one."""
    query = (
        select(search_fields.c.path)
        .where(search_fields.c.project == project.key, search_fields.c.source == source, search_fields.c.path != CUT)
        .order_by(search_fields.c.path)
    )
    return list(connection.execute(query.limit(FIELDS_LIMIT)).scalars())


def _counts(connection: Connection, table: Table, keys: Sequence[int]) -> dict[int, tuple[frozenset[str], int]]:
    kind = func.substr(table.c["rank"], 1, 1)
    own = (table.c.field.in_(keys), table.c.position < READ_AS_DATE)
    kinds: dict[int, set[str]] = {}
    for key, letter in connection.execute(select(table.c.field, kind).where(*own).group_by(table.c.field, kind)):
        kinds.setdefault(key, set()).add(kind_of(letter))
    counted = select(table.c.field, func.count(distinct(table.c.subject))).where(*own).group_by(table.c.field)
    return {key: (frozenset(kinds[key]), count) for key, count in connection.execute(counted)}
