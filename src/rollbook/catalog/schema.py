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


def _key() -> Column[int]:
    return Column("key", Key, primary_key=True)


def _to(name: str, table: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, Key, ForeignKey(f"{table}.key"), nullable=nullable)


def _scope() -> tuple[Column[int], Column[int]]:
    return _to("organisation", "organisations"), _to("project", "projects")


def _name(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, SafeText(), nullable=nullable)


def _body(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, SafeText(BODY_LIMIT), nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, Instant, nullable=nullable)


organisations = Table(
    "organisations",
    metadata,
    _key(),
    Column("id", SafeText(), nullable=False, unique=True),
    Column("name", SafeText(), nullable=False, unique=True),
    _at("created_at"),
)

projects = Table(
    "projects",
    metadata,
    _key(),
    _to("organisation", "organisations"),
    Column("id", SafeText(), nullable=False, unique=True),
    _name("name"),
    _name("key_domain"),
    _at("created_at"),
    UniqueConstraint("organisation", "name"),
)

collections = Table(
    "collections",
    metadata,
    _key(),
    *_scope(),
    Column("id", SafeText(), nullable=False, unique=True),
    _name("name"),
    _name("type"),
    _body("description"),
    _at("created_at"),
    _name("created_by"),
    UniqueConstraint("project", "name"),
)

runs = Table(
    "runs",
    metadata,
    _key(),
    *_scope(),
    Column("id", SafeText(), nullable=False, unique=True),
    _name("short"),
    _name("name"),
    _name("job_type"),
    _name("group_name"),
    _name("state"),
    _body("config"),
    _body("summary"),
    _body("notes"),
    _body("environment"),
    _body("code"),
    _name("created_by"),
    _at("started_at"),
    _at("heartbeat_at"),
    _at("finished_at", nullable=True),
    UniqueConstraint("project", "short"),
)

run_tags = Table(
    "run_tags",
    metadata,
    _key(),
    *_scope(),
    _to("run", "runs"),
    _name("tag"),
    UniqueConstraint("run", "tag"),
    Index(None, "project", "tag"),
)

versions = Table(
    "versions",
    metadata,
    _key(),
    *_scope(),
    Column("id", SafeText(), nullable=False, unique=True),
    Column("digest", DigestText, nullable=False),
    _name("type"),
    _name("data_class"),
    Column("manifest_digest", DigestText, nullable=False),
    Column("manifest_blob", DigestText, nullable=False),
    _body("metadata"),
    _body("schemas"),
    Column("seal", LargeBinary, nullable=False),
    Column("size", Instant, nullable=False),
    Column("file_count", Instant, nullable=False),
    _at("created_at"),
    _name("created_by"),
    _to("created_by_run", "runs", nullable=True),
    UniqueConstraint("project", "digest"),
)

memberships = Table(
    "memberships",
    metadata,
    _key(),
    *_scope(),
    _to("collection", "collections"),
    Column("number", Instant, nullable=False),
    _to("version", "versions"),
    _at("added_at"),
    _name("added_by"),
    _at("deleted_at", nullable=True),
    _name("deleted_by", nullable=True),
    UniqueConstraint("collection", "number"),
    Index("uq_memberships_living", "collection", "version", unique=True, sqlite_where=_LIVING),
    Index(None, "version"),
)

aliases = Table(
    "aliases",
    metadata,
    _key(),
    *_scope(),
    _to("collection", "collections"),
    _name("alias"),
    _name("segment"),
    _to("membership", "memberships", nullable=True),
    Column("generation", Integer, nullable=False),
    _at("moved_at"),
    UniqueConstraint("collection", "alias", "segment"),
    Index(None, "membership"),
)

alias_moves = Table(
    "alias_moves",
    metadata,
    _key(),
    *_scope(),
    _to("alias", "aliases"),
    Column("generation", Integer, nullable=False),
    _to("from_membership", "memberships", nullable=True),
    _to("to_membership", "memberships", nullable=True),
    _name("action"),
    _name("actor"),
    _body("reason"),
    _at("at"),
    Column("undoes", Integer, nullable=True),
    UniqueConstraint("alias", "generation"),
    UniqueConstraint("alias", "undoes"),
)

notes = Table(
    "notes",
    metadata,
    _key(),
    *_scope(),
    _to("version", "versions"),
    _name("kind"),
    _body("value"),
    _name("actor"),
    _at("added_at"),
    _at("removed_at", nullable=True),
    _name("removed_by", nullable=True),
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
    _key(),
    *_scope(),
    _to("run", "runs"),
    _to("version", "versions"),
    _to("membership", "memberships", nullable=True),
    _name("role"),
    Column("reference", SafeText(1024), nullable=False),
    _at("at"),
    UniqueConstraint("run", "role", "version"),
    Index(None, "version", "role"),
)

version_links = Table(
    "version_links",
    metadata,
    _key(),
    *_scope(),
    _to("source", "versions"),
    _to("target", "versions"),
    _name("relation"),
    Column("reference", SafeText(1024), nullable=False),
    _at("at"),
    UniqueConstraint("source", "relation", "target"),
    Index(None, "target"),
)

evaluations = Table(
    "evaluations",
    metadata,
    _key(),
    *_scope(),
    Column("version", Key, ForeignKey("versions.key"), nullable=False, unique=True),
    _body("protocol"),
    _at("at"),
)

statements = Table(
    "statements",
    metadata,
    _key(),
    *_scope(),
    _to("version", "versions"),
    _to("run", "runs", nullable=True),
    Column("digest", DigestText, nullable=False),
    Column("content", LargeBinary, nullable=False),
    _at("at"),
    UniqueConstraint("version", "digest"),
    Index(None, "project", "digest"),
)

audit = Table(
    "audit",
    metadata,
    _key(),
    _to("organisation", "organisations"),
    _to("project", "projects", nullable=True),
    Column("sequence", Instant, nullable=False),
    _at("at"),
    _name("actor"),
    _name("action"),
    Column("resource", SafeText(1024), nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("leaf", DigestText, nullable=False),
    UniqueConstraint("organisation", "sequence"),
    Index(None, "project", "sequence"),
)
