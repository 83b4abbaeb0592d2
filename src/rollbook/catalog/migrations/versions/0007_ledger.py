"""Looks at evaluation datasets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "looks",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("dataset", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("question", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("plan", KEY, nullable=True),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.key"], name="fk_looks_organisation_organisations"),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_looks_project_projects"),
        sa.ForeignKeyConstraint(["dataset"], ["versions.key"], name="fk_looks_dataset_versions"),
        sa.ForeignKeyConstraint(["plan"], ["versions.key"], name="fk_looks_plan_versions"),
        sa.PrimaryKeyConstraint("key", name="pk_looks"),
        sa.UniqueConstraint("dataset", "number", name="uq_looks_dataset_number"),
        sa.UniqueConstraint("dataset", "question", name="uq_looks_dataset_question"),
    )
    op.create_table(
        "look_versions",
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("look", KEY, nullable=False),
        sa.Column("version", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisations.key"], name="fk_look_versions_organisation_organisations"
        ),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_look_versions_project_projects"),
        sa.ForeignKeyConstraint(["look"], ["looks.key"], name="fk_look_versions_look_looks"),
        sa.ForeignKeyConstraint(["version"], ["versions.key"], name="fk_look_versions_version_versions"),
        sa.PrimaryKeyConstraint("look", "version", name="pk_look_versions"),
    )
    op.create_index("ix_look_versions_version", "look_versions", ["version"], unique=False)
