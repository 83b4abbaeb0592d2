"""Provenance statements about versions, kept as the bytes that their digest names."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from rollbook.catalog.dialect import insert_unless_present
from rollbook.catalog.execution import builder, every, scope
from rollbook.catalog.paging import Page, check_limit, page
from rollbook.catalog.rows import ProjectRow, StatementRow, VersionRow
from rollbook.catalog.schema import statements
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, NotFound

_statement = builder(StatementRow)


def add(connection: Connection, version: VersionRow, content: bytes, *, run: int | None, at: int) -> StatementRow:
    """Keep a statement about a version, named by the SHA-256 of its bytes; the same one is kept once."""
    digest = Digest.sha256(content)
    facts = {"version": version.key, "run": run, "digest": digest, "content": content, "at": at}
    insert_unless_present(connection, statements, scope(version) | facts)
    where = (statements.c.version == version.key, statements.c.digest == digest)
    return every(connection, select(statements).where(*where), _statement)[0]


def of_versions(connection: Connection, versions: Sequence[int]) -> tuple[StatementRow, ...]:
    """Every statement about these versions, in the order in which they were made."""
    query = select(statements).where(statements.c.version.in_(versions)).order_by(statements.c.key)
    return tuple(map(_checked, every(connection, query, _statement)))


def list_page(
    connection: Connection, version: VersionRow, *, after: int | None = None, limit: int = 100
) -> Page[StatementRow, int]:
    """Statements about a version, in the order in which they were made."""
    query = select(statements).where(statements.c.version == version.key, statements.c.key > (after or 0))
    query = query.order_by(statements.c.key).limit(check_limit(limit) + 1)
    return page(tuple(map(_checked, every(connection, query, _statement))), limit, lambda found: found.key)


def get(connection: Connection, project: ProjectRow, digest: Digest) -> StatementRow:
    """Find a statement by its digest.

    Raises:
        NotFound: There is none.
        CorruptData: Its bytes do not have that digest any more.
    """
    where = (statements.c.project == project.key, statements.c.digest == digest)
    found = every(connection, select(statements).where(*where).order_by(statements.c.key).limit(1), _statement)
    if not found:
        raise NotFound(f"no statement {digest} in project {project.name!r}")
    return _checked(found[0])


def _checked(statement: StatementRow) -> StatementRow:
    if Digest.sha256(statement.content) != statement.digest:
        raise CorruptData(f"statement {statement.digest} does not match its digest", hint="restore it from a backup")
    return statement
