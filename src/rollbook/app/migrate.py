"""Migrate: a register from where its parts lie to other places, from embedded to production and back."""

from __future__ import annotations

from rollbook.app import datadir, moving
from rollbook.app.datadir import Place
from rollbook.app.managing import require_administrator
from rollbook.app.moving import Options, Parts
from rollbook.app.register import Register
from rollbook.catalog import copying
from rollbook.model.errors import Conflict
from rollbook.model.moving import Moved


def migrate(register: Register, target: Place, options: Options) -> Moved:
    """Copy all of a register into an empty place. The register itself stays as it is; let nobody write to it meanwhile.

    Args:
        register: What to copy.
        target: Where it shall live.
        options: How.

    Raises:
        Conflict: Somebody wrote to the register meanwhile; the copy is whole, and lacks that.
        Forbidden: Only an administrator may copy a register.
        RollbookError: See `moving.move`.
    """
    require_administrator(register)
    instance = datadir.read_marker(register.root).instance
    parts = Parts(register.catalog, register.blobs.store, register.root, instance)
    moved = moving.move(parts, target, options)
    _check_unchanged(register, moved)
    return moved


def _check_unchanged(register: Register, moved: Moved) -> None:
    with register.catalog.read() as connection:
        now = {name: rows for name, (rows, _) in copying.fingerprint(connection).items()}
    more = [name for name, rows in moved.tables.items() if now[name] != rows]
    if more:
        raise Conflict(
            f"somebody wrote during the migration ({', '.join(more[:5])}), and the copy lacks that",
            hint="stop every writer, empty the target and migrate again",
        )
