"""Rows of run history that arrived over the network, and answers to requests that may be sent again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables."""
    _history_parts()
    _answers()


def _history_parts() -> None:
    op.create_table(
        "history_parts",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("run", KEY, nullable=False),
        sa.Column("first_row", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisations.key"], name="fk_history_parts_organisation_organisations"
        ),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_history_parts_project_projects"),
        sa.ForeignKeyConstraint(["run"], ["runs.key"], name="fk_history_parts_run_runs"),
        sa.PrimaryKeyConstraint("key", name="pk_history_parts"),
        sa.UniqueConstraint("run", "first_row", name="uq_history_parts_run_first_row"),
    )


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=True),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("request", TEXT, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.key"], name="fk_answers_organisation_organisations"),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_answers_project_projects"),
        sa.PrimaryKeyConstraint("key", name="pk_answers"),
        sa.UniqueConstraint("organisation", "actor", "name", name="uq_answers_organisation_actor_name"),
    )
    op.create_index("ix_answers_at", "answers", ["at"])
