"""Uploads under way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "uploads",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("renewed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.key"], name="fk_uploads_organisation_organisations"),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_uploads_project_projects"),
        sa.PrimaryKeyConstraint("key", name="pk_uploads"),
        sa.UniqueConstraint("project", "actor", name="uq_uploads_project_actor"),
    )
    op.create_table(
        "upload_entries",
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("upload", KEY, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisations.key"], name="fk_upload_entries_organisation_organisations"
        ),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_upload_entries_project_projects"),
        sa.ForeignKeyConstraint(["upload"], ["uploads.key"], name="fk_upload_entries_upload_uploads"),
        sa.PrimaryKeyConstraint("upload", "digest", name="pk_upload_entries"),
    )
    op.create_index("ix_upload_entries_expires_at", "upload_entries", ["expires_at"], unique=False)
