"""Run migration scripts with Alembic, inside a transaction that the caller holds. Imported only when one must run."""

from __future__ import annotations

from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def scripts() -> ScriptDirectory:
    """The migration scripts of this release."""
    return ScriptDirectory(str(Path(__file__).parent))


def upgrade(connection: Connection, revision: str | None, target: str = "head") -> str:
    """Run every script after `revision` (None: from nothing) up to `target`, oldest first.

    Returns:
        The revision that the schema has now; the caller stamps it.
    """
    pending = list(scripts().iterate_revisions(target, revision or "base"))
    with Operations.context(MigrationContext.configure(connection)):
        for script in reversed(pending):
            script.module.upgrade()
    return pending[0].revision
