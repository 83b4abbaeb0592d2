"""The tables of what arrives over a network: history rows in parts, and answers that may be lost on their way."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table, UniqueConstraint

from rollbook.catalog.columns import DigestText, Instant
from rollbook.catalog.schema import instant_column, key_column, metadata, name_column, scope_columns, to_column

history_parts = Table(
    "history_parts",
    metadata,
    key_column(),
    *scope_columns(),
    to_column("run", "runs"),
    Column("first_row", Instant, nullable=False),
    Column("rows", Instant, nullable=False),
    Column("last_step", Instant, nullable=False),
    Column("content", LargeBinary, nullable=False),
    instant_column("at"),
    UniqueConstraint("run", "first_row"),
)

answers = Table(
    "answers",
    metadata,
    key_column(),
    to_column("organisation", "organisations"),
    to_column("project", "projects", nullable=True),
    name_column("actor"),
    name_column("name"),
    Column("request", DigestText, nullable=False),
    Column("content", LargeBinary, nullable=True),
    instant_column("at"),
    UniqueConstraint("organisation", "actor", "name"),
    Index(None, "at"),
)
