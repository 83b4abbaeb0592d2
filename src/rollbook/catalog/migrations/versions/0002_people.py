"""People, teams, roles, keys and sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables."""
    _users()
    _teams_and_members()
    _keys()
    _sign_in()


def _to_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user"], ["users.key"], name=f"fk_{table}_user_users")


def _to_organisation(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation"], ["organisations.key"], name=f"fk_{table}_organisation_organisations"
    )


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("key", KEY, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("service", sa.Boolean(), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("disabled_by", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_users"),
        sa.UniqueConstraint("id", name="uq_users_id"),
        sa.UniqueConstraint("name", name="uq_users_name"),
    )


def _teams_and_members() -> None:
    op.create_table(
        "teams",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        _to_organisation("teams"),
        sa.PrimaryKeyConstraint("key", name="pk_teams"),
        sa.UniqueConstraint("id", name="uq_teams_id"),
        sa.UniqueConstraint("name", name="uq_teams_name"),
    )
    op.create_index("ix_teams_organisation_name", "teams", ["organisation", "name"], unique=False)
    op.create_table(
        "members",
        sa.Column("key", KEY, nullable=False),
        sa.Column("organisation", KEY, nullable=False),
        sa.Column("user", KEY, nullable=False),
        sa.Column("place", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("segment", TEXT, nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("added_by", TEXT, nullable=False),
        _to_organisation("members"),
        _to_user("members"),
        sa.PrimaryKeyConstraint("key", name="pk_members"),
        sa.UniqueConstraint(
            "user", "organisation", "place", "role", "segment", name="uq_members_user_organisation_place_role_segment"
        ),
    )
    op.create_index("ix_members_organisation_place", "members", ["organisation", "place"], unique=False)


def _keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key", KEY, nullable=False),
        sa.Column("user", KEY, nullable=False),
        sa.Column("public_id", TEXT, nullable=False),
        sa.Column("secret_hash", TEXT, nullable=False),
        sa.Column("imported", sa.Boolean(), nullable=False),
        sa.Column("scopes", TEXT, nullable=True),
        sa.Column("places", TEXT, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_by", TEXT, nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        _to_user("api_keys"),
        sa.PrimaryKeyConstraint("key", name="pk_api_keys"),
        sa.UniqueConstraint("public_id", name="uq_api_keys_public_id"),
        sa.UniqueConstraint("secret_hash", name="uq_api_keys_secret_hash"),
    )
    op.create_index("ix_api_keys_user", "api_keys", ["user"], unique=False)


def _sign_in() -> None:
    op.create_table(
        "passwords",
        sa.Column("key", KEY, nullable=False),
        sa.Column("user", KEY, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        _to_user("passwords"),
        sa.PrimaryKeyConstraint("key", name="pk_passwords"),
        sa.UniqueConstraint("user", name="uq_passwords_user"),
    )
    op.create_table(
        "sessions",
        sa.Column("key", KEY, nullable=False),
        sa.Column("user", KEY, nullable=False),
        sa.Column("secret_hash", TEXT, nullable=False),
        sa.Column("csrf", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        _to_user("sessions"),
        sa.PrimaryKeyConstraint("key", name="pk_sessions"),
        sa.UniqueConstraint("secret_hash", name="uq_sessions_secret_hash"),
    )
    op.create_index("ix_sessions_user", "sessions", ["user"], unique=False)
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"], unique=False)
    _identities_and_tokens()


def _identities_and_tokens() -> None:
    op.create_table(
        "oidc_identities",
        sa.Column("key", KEY, nullable=False),
        sa.Column("user", KEY, nullable=False),
        sa.Column("issuer", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        _to_user("oidc_identities"),
        sa.PrimaryKeyConstraint("key", name="pk_oidc_identities"),
        sa.UniqueConstraint("issuer", "subject", name="uq_oidc_identities_issuer_subject"),
    )
    op.create_index("ix_oidc_identities_user", "oidc_identities", ["user"], unique=False)
    op.create_table(
        "setup_tokens",
        sa.Column("key", KEY, nullable=False),
        sa.Column("user", KEY, nullable=True),
        sa.Column("secret_hash", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        _to_user("setup_tokens"),
        sa.PrimaryKeyConstraint("key", name="pk_setup_tokens"),
        sa.UniqueConstraint("secret_hash", name="uq_setup_tokens_secret_hash"),
    )
    op.create_index("ix_setup_tokens_user", "setup_tokens", ["user"], unique=False)
