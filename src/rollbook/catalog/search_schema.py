"""The tables of search: which fields there are, their values (facts), and saved views.

Fields and facts are derived from versions, notes and runs: they can be deleted and rebuilt.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table, UniqueConstraint

from rollbook.catalog.columns import BODY_LIMIT, Key, SafeText
from rollbook.catalog.schema import (
    aliases,
    body_column,
    instant_column,
    key_column,
    metadata,
    name_column,
    scope_columns,
)
from rollbook.model.query.ranks import RANK_LIMIT

search_fields = Table(
    "search_fields",
    metadata,
    key_column(),
    *scope_columns(),
    name_column("source"),
    name_column("path"),
    UniqueConstraint("project", "source", "path"),
)


def _facts(name: str, subjects: str) -> Table:
    """Values by field, then by what has them: a field's values lie together, in the order of versions or runs."""
    return Table(
        name,
        metadata,
        *scope_columns(),
        Column("field", Key, ForeignKey("search_fields.key"), nullable=False),
        Column("subject", Key, ForeignKey(f"{subjects}.key"), nullable=False),
        Column("position", Integer, nullable=False),
        Column("rank", SafeText(RANK_LIMIT), nullable=False),
        Column("text", SafeText(BODY_LIMIT), nullable=True),
        PrimaryKeyConstraint("field", "subject", "position"),
        Index(None, "field", "rank", "subject"),
        sqlite_with_rowid=False,
    )


version_facts = _facts("version_facts", "versions")
run_facts = _facts("run_facts", "runs")

saved_views = Table(
    "saved_views",
    metadata,
    key_column(),
    *scope_columns(),
    name_column("name"),
    name_column("owner"),
    Column("shared", Boolean, nullable=False),
    name_column("target"),
    body_column("query"),
    name_column("sort"),
    body_column("columns"),
    instant_column("created_at"),
    instant_column("changed_at"),
    UniqueConstraint("project", "owner", "name"),
)

Index(None, aliases.c.project, aliases.c.alias)
