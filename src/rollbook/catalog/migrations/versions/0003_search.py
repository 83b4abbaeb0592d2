"""Indexes and saved views of search, with the facts of what is there already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rollbook.catalog import search_rebuild

revision = "0003"
down_revision = "0002"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables, and fill them."""
    op.create_table(
        "search_fields",
        sa.Column("key", KEY, nullable=False),
        *_scope(),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        *_scope_constraints("search_fields"),
        sa.PrimaryKeyConstraint("key", name="pk_search_fields"),
        sa.UniqueConstraint("project", "source", "path", name="uq_search_fields_project_source_path"),
    )
    _facts("version_facts", "versions")
    _facts("run_facts", "runs")
    op.create_table(
        "saved_views",
        sa.Column("key", KEY, nullable=False),
        *_scope(),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("query", TEXT, nullable=False),
        sa.Column("sort", TEXT, nullable=False),
        sa.Column("columns", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        *_scope_constraints("saved_views"),
        sa.PrimaryKeyConstraint("key", name="pk_saved_views"),
        sa.UniqueConstraint("project", "owner", "name", name="uq_saved_views_project_owner_name"),
    )
    op.create_index("ix_aliases_project_alias", "aliases", ["project", "alias"], unique=False)
    # Derived, so today's code makes it. A later script that changes these tables takes this call over.
    search_rebuild.rebuild(op.get_bind())


def _scope() -> tuple[sa.Column[int], sa.Column[int]]:
    return sa.Column("organisation", KEY, nullable=False), sa.Column("project", KEY, nullable=False)


def _scope_constraints(table: str) -> tuple[sa.ForeignKeyConstraint, sa.ForeignKeyConstraint]:
    return (
        sa.ForeignKeyConstraint(["organisation"], ["organisations.key"], name=f"fk_{table}_organisation_organisations"),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name=f"fk_{table}_project_projects"),
    )


def _facts(table: str, subjects: str) -> None:
    op.create_table(
        table,
        *_scope(),
        sa.Column("field", KEY, nullable=False),
        sa.Column("subject", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("rank", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=True),
        *_scope_constraints(table),
        sa.ForeignKeyConstraint(["field"], ["search_fields.key"], name=f"fk_{table}_field_search_fields"),
        sa.ForeignKeyConstraint(["subject"], [f"{subjects}.key"], name=f"fk_{table}_subject_{subjects}"),
        sa.PrimaryKeyConstraint("field", "subject", "position", name=f"pk_{table}"),
        sqlite_with_rowid=False,
    )
    op.create_index(f"ix_{table}_field_rank_subject", table, ["field", "rank", "subject"], unique=False)
