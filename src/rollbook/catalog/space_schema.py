"""The tables of space: what waits to be collected, what was deleted and why, retention rules, figures and jobs.

A pack's record outlives the pack: its name must not be used again while anybody may still try to remove the old one.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, UniqueConstraint

from rollbook.catalog.columns import Key, SafeText
from rollbook.catalog.schema import (
    body_column,
    instant_column,
    key_column,
    metadata,
    name_column,
    scope_columns,
    to_column,
)

space_state = Table(
    "space_state",
    metadata,
    key_column(),
    Column("epoch", BigInteger, nullable=False),
    Column("cycle", BigInteger, nullable=False),
    instant_column("cycle_at"),
)
"""One row, whose key is 1. Who commits holds it shared, who condemns packs holds it alone."""

space_packs = Table(
    "space_packs",
    metadata,
    key_column(),
    Column("pack", SafeText(64), nullable=False, unique=True),
    name_column("state"),
    Column("dead", LargeBinary, nullable=False),
    Column("cycles", Integer, nullable=False),
    Column("waited", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    instant_column("seen_at"),
    instant_column("changed_at"),
    Index(None, "state", "pack"),
)

space_usage = Table(
    "space_usage",
    metadata,
    key_column(),
    to_column("organisation", "organisations"),
    name_column("level"),
    Column("target", BigInteger, nullable=False),
    Column("logical", BigInteger, nullable=False),
    Column("stored", BigInteger, nullable=False),
    Column("exclusive", BigInteger, nullable=False),
    UniqueConstraint("organisation", "level", "target"),
)

space_bases = Table(
    "space_bases",
    metadata,
    key_column(),
    Column("organisation", Key, ForeignKey("organisations.key"), nullable=False, unique=True),
    name_column("basis"),
    instant_column("at"),
)

deletions = Table(
    "deletions",
    metadata,
    key_column(),
    *scope_columns(),
    to_column("membership", "memberships"),
    instant_column("deleted_at"),
    name_column("deleted_by"),
    body_column("reason"),
    instant_column("undeleted_at", nullable=True),
    name_column("undeleted_by", nullable=True),
    body_column("undelete_reason", nullable=True),
    Index(None, "membership"),
)

retention_rules = Table(
    "retention_rules",
    metadata,
    key_column(),
    *scope_columns(),
    name_column("collection"),
    Column("generation", Integer, nullable=False),
    body_column("rule"),
    instant_column("at"),
    name_column("actor"),
    body_column("reason"),
    UniqueConstraint("project", "collection", "generation"),
)

jobs = Table(
    "jobs",
    metadata,
    key_column(),
    name_column("kind"),
    name_column("subject"),
    instant_column("run_at"),
    Column("every", BigInteger, nullable=True),
    name_column("owner"),
    instant_column("until", nullable=True),
    Column("fence", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    instant_column("started_at", nullable=True),
    instant_column("finished_at", nullable=True),
    body_column("last_error"),
    body_column("result"),
    UniqueConstraint("kind", "subject"),
    Index(None, "run_at"),
)

WITHOUT_PROJECT = ("space_state", "space_packs", "space_usage", "space_bases", "jobs")
"""What concerns the whole register: packs hold bytes of every project, and the server's jobs are nobody's."""
