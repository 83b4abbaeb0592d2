"""The tables. Every row names its organisation and project; integer keys stay inside, text ids go outside.

No row of `versions`, `alias_moves`, `statements` or `audit` is ever changed or deleted, and no membership is deleted:
a deleted number stays as a tombstone.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, UniqueConstraint, text

from rollbook.catalog.columns import BODY_LIMIT, DigestText, Instant, Key, SafeText

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# The migration says the same to PostgreSQL; here it would load PostgreSQL's dialect at every start.
_LIVING = text("deleted_at IS NULL")
_STANDING = text("removed_at IS NULL AND kind = 'tag'")


def key_column() -> Column[int]:
    """The key of a row."""
    return Column("key", Key, primary_key=True)


def to_column(name: str, table: str, *, nullable: bool = False) -> Column[int]:
    """The key of a row of another table."""
    return Column(name, Key, ForeignKey(f"{table}.key"), nullable=nullable)


def scope_columns() -> tuple[Column[int], Column[int]]:
    """The organisation and project that a row belongs to."""
    return to_column("organisation", "organisations"), to_column("project", "projects")


def name_column(name: str, *, nullable: bool = False) -> Column[str]:
    """A name, tag or other short text."""
    return Column(name, SafeText(), nullable=nullable)


def body_column(name: str, *, nullable: bool = False) -> Column[str]:
    """A document."""
    return Column(name, SafeText(BODY_LIMIT), nullable=nullable)


def instant_column(name: str, *, nullable: bool = False) -> Column[int]:
    """An instant, in UTC microseconds."""
    return Column(name, Instant, nullable=nullable)


organisations = Table(
    "organisations",
    metadata,
    key_column(),
    Column("id", SafeText(), nullable=False, unique=True),
    Column("name", SafeText(), nullable=False, unique=True),
    instant_column("created_at"),
)

projects = Table(
    "projects",
    metadata,
    key_column(),
    to_column("organisation", "organisations"),
    Column("id", SafeText(), nullable=False, unique=True),
    name_column("name"),
    name_column("key_domain"),
    instant_column("created_at"),
    UniqueConstraint("organisation", "name"),
)

collections = Table(
    "collections",
    metadata,
    key_column(),
    *scope_columns(),
    Column("id", SafeText(), nullable=False, unique=True),
    name_column("name"),
    name_column("type"),
    body_column("description"),
    instant_column("created_at"),
    name_column("created_by"),
    UniqueConstraint("project", "name"),
)

runs = Table(
    "runs",
    metadata,
    key_column(),
    *scope_columns(),
    Column("id", SafeText(), nullable=False, unique=True),
    name_column("short"),
    name_column("name"),
    name_column("job_type"),
    name_column("group_name"),
    name_column("state"),
    body_column("config"),
    body_column("summary"),
    body_column("notes"),
    body_column("environment"),
    body_column("code"),
    name_column("created_by"),
    instant_column("started_at"),
    instant_column("heartbeat_at"),
    instant_column("finished_at", nullable=True),
    UniqueConstraint("project", "short"),
)

run_tags = Table(
    "run_tags",
    metadata,
    key_column(),
    *scope_columns(),
    to_column("run", "runs"),
    name_column("tag"),
    UniqueConstraint("run", "tag"),
    Index(None, "project", "tag"),
)

versions = Table(
    "versions",
    metadata,
    key_column(),
    *scope_columns(),
    Column("id", SafeText(), nullable=False, unique=True),
    Column("digest", DigestText, nullable=False),
    name_column("type"),
    name_column("data_class"),
    Column("manifest_digest", DigestText, nullable=False),
    Column("manifest_blob", DigestText, nullable=False),
    body_column("metadata"),
    body_column("schemas"),
    Column("seal", LargeBinary, nullable=False),
    Column("size", Instant, nullable=False),
    Column("file_count", Instant, nullable=False),
    instant_column("created_at"),
    name_column("created_by"),
    to_column("created_by_run", "runs", nullable=True),
    UniqueConstraint("project", "digest"),
)

memberships = Table(
    "memberships",
    metadata,
    key_column(),
    *scope_columns(),
    to_column("collection", "collections"),
    Column("number", Instant, nullable=False),
    to_column("version", "versions"),
    instant_column("added_at"),
    name_column("added_by"),
    instant_column("deleted_at", nullable=True),
    name_column("deleted_by", nullable=True),
    UniqueConstraint("collection", "number"),
    Index("uq_memberships_living", "collection", "version", unique=True, sqlite_where=_LIVING),
    Index(None, "version"),
)

aliases = Table(
    "aliases",
    metadata,
    key_column(),
    *scope_columns(),
    to_column("collection", "collections"),
    name_column("alias"),
    name_column("segment"),
    to_column("membership", "memberships", nullable=True),
    Column("generation", Integer, nullable=False),
    instant_column("moved_at"),
    UniqueConstraint("collection", "alias", "segment"),
    Index(None, "membership"),
)

alias_moves = Table(
    "alias_moves",
    metadata,
    key_column(),
    *scope_columns(),
    to_column("alias", "aliases"),
    Column("generation", Integer, nullable=False),
    to_column("from_membership", "memberships", nullable=True),
    to_column("to_membership", "memberships", nullable=True),
    name_column("action"),
    name_column("actor"),
    body_column("reason"),
    instant_column("at"),
    Column("undoes", Integer, nullable=True),
    UniqueConstraint("alias", "generation"),
    UniqueConstraint("alias", "undoes"),
)

notes = Table(
    "notes",
    metadata,
    key_column(),
    *scope_columns(),
    to_column("version", "versions"),
    name_column("kind"),
    body_column("value"),
    name_column("actor"),
    instant_column("added_at"),
    instant_column("removed_at", nullable=True),
    name_column("removed_by", nullable=True),
    Index(None, "version", "kind"),
    Index(
        "uq_notes_standing_tag",
        "version",
        "value",
        unique=True,
        sqlite_where=_STANDING,
    ),
)

edges = Table(
    "edges",
    metadata,
    key_column(),
    *scope_columns(),
    to_column("run", "runs"),
    to_column("version", "versions"),
    to_column("membership", "memberships", nullable=True),
    name_column("role"),
    Column("reference", SafeText(1024), nullable=False),
    instant_column("at"),
    UniqueConstraint("run", "role", "version"),
    Index(None, "version", "role"),
)

version_links = Table(
    "version_links",
    metadata,
    key_column(),
    *scope_columns(),
    to_column("source", "versions"),
    to_column("target", "versions"),
    name_column("relation"),
    Column("reference", SafeText(1024), nullable=False),
    instant_column("at"),
    UniqueConstraint("source", "relation", "target"),
    Index(None, "target"),
)

evaluations = Table(
    "evaluations",
    metadata,
    key_column(),
    *scope_columns(),
    Column("version", Key, ForeignKey("versions.key"), nullable=False, unique=True),
    body_column("protocol"),
    instant_column("at"),
)

statements = Table(
    "statements",
    metadata,
    key_column(),
    *scope_columns(),
    to_column("version", "versions"),
    to_column("run", "runs", nullable=True),
    Column("digest", DigestText, nullable=False),
    Column("content", LargeBinary, nullable=False),
    instant_column("at"),
    UniqueConstraint("version", "digest"),
    Index(None, "project", "digest"),
)

audit = Table(
    "audit",
    metadata,
    key_column(),
    to_column("organisation", "organisations"),
    to_column("project", "projects", nullable=True),
    Column("sequence", Instant, nullable=False),
    instant_column("at"),
    name_column("actor"),
    name_column("action"),
    Column("resource", SafeText(1024), nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("leaf", DigestText, nullable=False),
    UniqueConstraint("organisation", "sequence"),
    Index(None, "project", "sequence"),
)
