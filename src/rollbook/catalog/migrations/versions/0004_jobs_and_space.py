"""Jobs with leases, retention rules, deletions, collected space and its figures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables."""
    _space()
    _usage()
    _deletions()
    _retention()
    _jobs()


def _to(table: str, name: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{target}.key"], name=f"fk_{table}_{name}_{target}")


def _space() -> None:
    op.create_table(
        "space_state",
        sa.Column("key", KEY, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("cycle", sa.BigInteger(), nullable=False),
        sa.Column("cycle_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_space_state"),
    )
    op.create_table(
        "space_packs",
        sa.Column("key", KEY, nullable=False),
        sa.Column("pack", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("dead", sa.LargeBinary(), nullable=False),
        sa.Column("cycles", sa.Integer(), nullable=False),
        sa.Column("waited", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_space_packs"),
        sa.UniqueConstraint("pack", name="uq_space_packs_pack"),
    )
    op.create_index("ix_space_packs_state_pack", "space_packs", ["state", "pack"], unique=False)


def _usage() -> None:
    op.create_table(
        "space_usage",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("level", TEXT, nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=False),
        sa.Column("logical", sa.BigInteger(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("exclusive", sa.BigInteger(), nullable=False),
        _to("space_usage", "organisation", "organisations"),
        sa.PrimaryKeyConstraint("key", name="pk_space_usage"),
        sa.UniqueConstraint("organisation", "level", "target", name="uq_space_usage_organisation_level_target"),
    )
    op.create_table(
        "space_bases",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("basis", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        _to("space_bases", "organisation", "organisations"),
        sa.PrimaryKeyConstraint("key", name="pk_space_bases"),
        sa.UniqueConstraint("organisation", name="uq_space_bases_organisation"),
    )


def _deletions() -> None:
    op.create_table(
        "deletions",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("membership", KEY, nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("undeleted_at", sa.BigInteger(), nullable=True),
        sa.Column("undeleted_by", TEXT, nullable=True),
        sa.Column("undelete_reason", TEXT, nullable=True),
        _to("deletions", "organisation", "organisations"),
        _to("deletions", "project", "projects"),
        _to("deletions", "membership", "memberships"),
        sa.PrimaryKeyConstraint("key", name="pk_deletions"),
    )
    op.create_index("ix_deletions_membership", "deletions", ["membership"], unique=False)


def _retention() -> None:
    op.create_table(
        "retention_rules",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("collection", TEXT, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        _to("retention_rules", "organisation", "organisations"),
        _to("retention_rules", "project", "projects"),
        sa.PrimaryKeyConstraint("key", name="pk_retention_rules"),
        sa.UniqueConstraint(
            "project", "collection", "generation", name="uq_retention_rules_project_collection_generation"
        ),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("key", KEY, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("run_at", sa.BigInteger(), nullable=False),
        sa.Column("every", sa.BigInteger(), nullable=True),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", TEXT, nullable=False),
        sa.Column("result", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_jobs"),
        sa.UniqueConstraint("kind", "subject", name="uq_jobs_kind_subject"),
    )
    op.create_index("ix_jobs_run_at", "jobs", ["run_at"], unique=False)
