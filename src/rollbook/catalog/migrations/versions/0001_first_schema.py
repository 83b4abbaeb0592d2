"""The first schema.

Written out in full and never changed, so that a catalog of any age takes the same steps.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "organisations",
        sa.Column("key", KEY, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_organisations"),
        sa.UniqueConstraint("id", name="uq_organisations_id"),
        sa.UniqueConstraint("name", name="uq_organisations_name"),
    )
    op.create_table(
        "projects",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("key_domain", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.key"], name="fk_projects_organisation_organisations"),
        sa.PrimaryKeyConstraint("key", name="pk_projects"),
        sa.UniqueConstraint("id", name="uq_projects_id"),
        sa.UniqueConstraint("organisation", "name", name="uq_projects_organisation_name"),
    )
    op.create_table(
        "audit",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("resource", TEXT, nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.key"], name="fk_audit_organisation_organisations"),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_audit_project_projects"),
        sa.PrimaryKeyConstraint("key", name="pk_audit"),
        sa.UniqueConstraint("organisation", "sequence", name="uq_audit_organisation_sequence"),
    )
    op.create_index("ix_audit_project_sequence", "audit", ["project", "sequence"], unique=False)
    op.create_table(
        "collections",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisations.key"], name="fk_collections_organisation_organisations"
        ),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_collections_project_projects"),
        sa.PrimaryKeyConstraint("key", name="pk_collections"),
        sa.UniqueConstraint("id", name="uq_collections_id"),
        sa.UniqueConstraint("project", "name", name="uq_collections_project_name"),
    )
    op.create_table(
        "runs",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("short", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("job_type", TEXT, nullable=False),
        sa.Column("group_name", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("config", TEXT, nullable=False),
        sa.Column("summary", TEXT, nullable=False),
        sa.Column("notes", TEXT, nullable=False),
        sa.Column("environment", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("heartbeat_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.key"], name="fk_runs_organisation_organisations"),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_runs_project_projects"),
        sa.PrimaryKeyConstraint("key", name="pk_runs"),
        sa.UniqueConstraint("id", name="uq_runs_id"),
        sa.UniqueConstraint("project", "short", name="uq_runs_project_short"),
    )
    op.create_table(
        "run_tags",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("run", KEY, nullable=False),
        sa.Column("tag", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.key"], name="fk_run_tags_organisation_organisations"),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_run_tags_project_projects"),
        sa.ForeignKeyConstraint(["run"], ["runs.key"], name="fk_run_tags_run_runs"),
        sa.PrimaryKeyConstraint("key", name="pk_run_tags"),
        sa.UniqueConstraint("run", "tag", name="uq_run_tags_run_tag"),
    )
    op.create_index("ix_run_tags_project_tag", "run_tags", ["project", "tag"], unique=False)
    op.create_table(
        "versions",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("data_class", TEXT, nullable=False),
        sa.Column("manifest_digest", TEXT, nullable=False),
        sa.Column("manifest_blob", TEXT, nullable=False),
        sa.Column("metadata", TEXT, nullable=False),
        sa.Column("schemas", TEXT, nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("file_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_by_run", KEY, nullable=True),
        sa.ForeignKeyConstraint(["created_by_run"], ["runs.key"], name="fk_versions_created_by_run_runs"),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.key"], name="fk_versions_organisation_organisations"),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_versions_project_projects"),
        sa.PrimaryKeyConstraint("key", name="pk_versions"),
        sa.UniqueConstraint("id", name="uq_versions_id"),
        sa.UniqueConstraint("project", "digest", name="uq_versions_project_digest"),
    )
    op.create_table(
        "evaluations",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("version", KEY, nullable=False),
        sa.Column("protocol", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisations.key"], name="fk_evaluations_organisation_organisations"
        ),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_evaluations_project_projects"),
        sa.ForeignKeyConstraint(["version"], ["versions.key"], name="fk_evaluations_version_versions"),
        sa.PrimaryKeyConstraint("key", name="pk_evaluations"),
        sa.UniqueConstraint("version", name="uq_evaluations_version"),
    )
    op.create_table(
        "memberships",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("collection", KEY, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("version", KEY, nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("added_by", TEXT, nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_by", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["collection"], ["collections.key"], name="fk_memberships_collection_collections"),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisations.key"], name="fk_memberships_organisation_organisations"
        ),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_memberships_project_projects"),
        sa.ForeignKeyConstraint(["version"], ["versions.key"], name="fk_memberships_version_versions"),
        sa.PrimaryKeyConstraint("key", name="pk_memberships"),
        sa.UniqueConstraint("collection", "number", name="uq_memberships_collection_number"),
    )
    op.create_index("ix_memberships_version", "memberships", ["version"], unique=False)
    op.create_index(
        "uq_memberships_living",
        "memberships",
        ["collection", "version"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "notes",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("version", KEY, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("removed_by", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.key"], name="fk_notes_organisation_organisations"),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_notes_project_projects"),
        sa.ForeignKeyConstraint(["version"], ["versions.key"], name="fk_notes_version_versions"),
        sa.PrimaryKeyConstraint("key", name="pk_notes"),
    )
    op.create_index("ix_notes_version_kind", "notes", ["version", "kind"], unique=False)
    op.create_index(
        "uq_notes_standing_tag",
        "notes",
        ["version", "value"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL AND kind = 'tag'"),
        postgresql_where=sa.text("removed_at IS NULL AND kind = 'tag'"),
    )
    op.create_table(
        "statements",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("version", KEY, nullable=False),
        sa.Column("run", KEY, nullable=True),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisations.key"], name="fk_statements_organisation_organisations"
        ),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_statements_project_projects"),
        sa.ForeignKeyConstraint(["run"], ["runs.key"], name="fk_statements_run_runs"),
        sa.ForeignKeyConstraint(["version"], ["versions.key"], name="fk_statements_version_versions"),
        sa.PrimaryKeyConstraint("key", name="pk_statements"),
        sa.UniqueConstraint("version", "digest", name="uq_statements_version_digest"),
    )
    op.create_index("ix_statements_project_digest", "statements", ["project", "digest"], unique=False)
    op.create_table(
        "version_links",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("source", KEY, nullable=False),
        sa.Column("target", KEY, nullable=False),
        sa.Column("relation", TEXT, nullable=False),
        sa.Column("reference", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisations.key"], name="fk_version_links_organisation_organisations"
        ),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_version_links_project_projects"),
        sa.ForeignKeyConstraint(["source"], ["versions.key"], name="fk_version_links_source_versions"),
        sa.ForeignKeyConstraint(["target"], ["versions.key"], name="fk_version_links_target_versions"),
        sa.PrimaryKeyConstraint("key", name="pk_version_links"),
        sa.UniqueConstraint("source", "relation", "target", name="uq_version_links_source_relation_target"),
    )
    op.create_index("ix_version_links_target", "version_links", ["target"], unique=False)
    op.create_table(
        "aliases",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("collection", KEY, nullable=False),
        sa.Column("alias", TEXT, nullable=False),
        sa.Column("segment", TEXT, nullable=False),
        sa.Column("membership", KEY, nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("moved_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["collection"], ["collections.key"], name="fk_aliases_collection_collections"),
        sa.ForeignKeyConstraint(["membership"], ["memberships.key"], name="fk_aliases_membership_memberships"),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.key"], name="fk_aliases_organisation_organisations"),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_aliases_project_projects"),
        sa.PrimaryKeyConstraint("key", name="pk_aliases"),
        sa.UniqueConstraint("collection", "alias", "segment", name="uq_aliases_collection_alias_segment"),
    )
    op.create_index("ix_aliases_membership", "aliases", ["membership"], unique=False)
    op.create_table(
        "edges",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("run", KEY, nullable=False),
        sa.Column("version", KEY, nullable=False),
        sa.Column("membership", KEY, nullable=True),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("reference", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["membership"], ["memberships.key"], name="fk_edges_membership_memberships"),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.key"], name="fk_edges_organisation_organisations"),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_edges_project_projects"),
        sa.ForeignKeyConstraint(["run"], ["runs.key"], name="fk_edges_run_runs"),
        sa.ForeignKeyConstraint(["version"], ["versions.key"], name="fk_edges_version_versions"),
        sa.PrimaryKeyConstraint("key", name="pk_edges"),
        sa.UniqueConstraint("run", "role", "version", name="uq_edges_run_role_version"),
    )
    op.create_index("ix_edges_version_role", "edges", ["version", "role"], unique=False)
    op.create_table(
        "alias_moves",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("project", KEY, nullable=False),
        sa.Column("alias", KEY, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("from_membership", KEY, nullable=True),
        sa.Column("to_membership", KEY, nullable=True),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["alias"], ["aliases.key"], name="fk_alias_moves_alias_aliases"),
        sa.ForeignKeyConstraint(
            ["from_membership"], ["memberships.key"], name="fk_alias_moves_from_membership_memberships"
        ),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisations.key"], name="fk_alias_moves_organisation_organisations"
        ),
        sa.ForeignKeyConstraint(["project"], ["projects.key"], name="fk_alias_moves_project_projects"),
        sa.ForeignKeyConstraint(
            ["to_membership"], ["memberships.key"], name="fk_alias_moves_to_membership_memberships"
        ),
        sa.PrimaryKeyConstraint("key", name="pk_alias_moves"),
        sa.UniqueConstraint("alias", "generation", name="uq_alias_moves_alias_generation"),
        sa.UniqueConstraint("alias", "undoes", name="uq_alias_moves_alias_undoes"),
    )
