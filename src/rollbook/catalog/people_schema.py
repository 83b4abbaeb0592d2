"""The tables of people: who there is, what they belong to, and how they prove who they are.

A person belongs to no organisation: members do. Names of users, organisations and teams are never given twice, and a
user is disabled, never deleted, so that an old audit entry never comes to mean somebody else. Nothing here can be used
to sign in: keys, sessions and tokens are kept as keyed hashes, passwords as argon2 hashes.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table, UniqueConstraint

from rollbook.catalog.columns import Key, SafeText
from rollbook.catalog.schema import (
    body_column,
    instant_column,
    key_column,
    metadata,
    name_column,
    to_column,
)

users = Table(
    "users",
    metadata,
    key_column(),
    Column("id", SafeText(), nullable=False, unique=True),
    Column("name", SafeText(), nullable=False, unique=True),
    Column("service", Boolean, nullable=False),
    Column("admin", Boolean, nullable=False),
    instant_column("created_at"),
    name_column("created_by"),
    instant_column("disabled_at", nullable=True),
    name_column("disabled_by", nullable=True),
)

teams = Table(
    "teams",
    metadata,
    key_column(),
    to_column("organisation", "organisations"),
    Column("id", SafeText(), nullable=False, unique=True),
    Column("name", SafeText(), nullable=False, unique=True),
    instant_column("created_at"),
    name_column("created_by"),
    Index(None, "organisation", "name"),
)

members = Table(
    "members",
    metadata,
    key_column(),
    to_column("organisation", "organisations"),
    to_column("user", "users"),
    Column("place", SafeText(), nullable=False),
    name_column("role"),
    Column("segment", SafeText(1024), nullable=False),
    instant_column("added_at"),
    name_column("added_by"),
    UniqueConstraint("user", "organisation", "place", "role", "segment"),
    Index(None, "organisation", "place"),
)
"""`place` is what `Actor.roles` is keyed by: "" for the organisation, `team/`, or a project's full name. `segment` says
which students an educator teaches, `class=8B,school=12`; "" for no limit, and for every other role."""

api_keys = Table(
    "api_keys",
    metadata,
    key_column(),
    to_column("user", "users"),
    Column("public_id", SafeText(), nullable=False, unique=True),
    Column("secret_hash", SafeText(), nullable=False, unique=True),
    Column("imported", Boolean, nullable=False),
    body_column("scopes", nullable=True),
    body_column("places", nullable=True),
    instant_column("created_at"),
    name_column("created_by"),
    instant_column("expires_at"),
    instant_column("revoked_at", nullable=True),
    name_column("revoked_by", nullable=True),
    instant_column("last_used_at", nullable=True),
    Index(None, "user"),
)

passwords = Table(
    "passwords",
    metadata,
    key_column(),
    Column("user", Key, ForeignKey("users.key"), nullable=False, unique=True),
    Column("hash", SafeText(1024), nullable=False),
    instant_column("changed_at"),
)

sessions = Table(
    "sessions",
    metadata,
    key_column(),
    to_column("user", "users"),
    Column("secret_hash", SafeText(), nullable=False, unique=True),
    Column("csrf", SafeText(), nullable=False),
    instant_column("created_at"),
    instant_column("last_seen_at"),
    instant_column("expires_at"),
    Index(None, "user"),
    Index(None, "expires_at"),
)

oidc_identities = Table(
    "oidc_identities",
    metadata,
    key_column(),
    to_column("user", "users"),
    Column("issuer", SafeText(1024), nullable=False),
    Column("subject", SafeText(), nullable=False),
    instant_column("created_at"),
    name_column("created_by"),
    UniqueConstraint("issuer", "subject"),
    Index(None, "user"),
)

setup_tokens = Table(
    "setup_tokens",
    metadata,
    key_column(),
    to_column("user", "users", nullable=True),
    Column("secret_hash", SafeText(), nullable=False, unique=True),
    name_column("purpose"),
    instant_column("created_at"),
    instant_column("expires_at"),
    instant_column("used_at", nullable=True),
    Index(None, "user"),
)

WITHOUT_PROJECT = frozenset(
    table.name for table in (users, teams, members, api_keys, passwords, sessions, oidc_identities, setup_tokens)
)
"""People and what is theirs belong to no project."""
