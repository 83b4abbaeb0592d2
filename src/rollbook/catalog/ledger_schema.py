"""The tables of looks at evaluation datasets."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, Table, UniqueConstraint

from rollbook.catalog.columns import DigestText
from rollbook.catalog.schema import instant_column, key_column, metadata, name_column, scope_columns, to_column

looks = Table(
    "looks",
    metadata,
    key_column(),
    *scope_columns(),
    to_column("dataset", "versions"),
    Column("number", Integer, nullable=False),
    Column("question", DigestText, nullable=False),
    name_column("kind"),
    to_column("plan", "versions", nullable=True),
    name_column("actor"),
    instant_column("at"),
    UniqueConstraint("dataset", "number"),
    UniqueConstraint("dataset", "question"),
)

look_versions = Table(
    "look_versions",
    metadata,
    *scope_columns(),
    to_column("look", "looks"),
    to_column("version", "versions"),
    PrimaryKeyConstraint("look", "version"),
    Index(None, "version"),
)
