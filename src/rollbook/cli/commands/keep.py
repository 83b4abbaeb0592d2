"""`backup`, `restore` and `migrate`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollbook.cli import documents, exits, register
from rollbook.cli.call import Call
from rollbook.cli.progress import counting

if TYPE_CHECKING:
    from rollbook.app.moving import Options
    from rollbook.model.moving import Moved

Target = Annotated[Path, typer.Option("--to", metavar="DIR", help="A new or empty folder: its data directory.")]
ToDatabase = Annotated[
    str, typer.Option(metavar="URL", help="An empty PostgreSQL database for the catalog.", show_default=False)
]
ToStore = Annotated[
    str,
    typer.Option(metavar="URL", help="An empty place in an object store for the blobs, such as s3://bucket/prefix."),
]
WithKeys = Annotated[bool, typer.Option("--with-keys", help="Copy pseudonym keys and the pepper of API keys too.")]


def backup(
    context: typer.Context,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="A new folder, or the one of the last backup.")],
    with_keys: WithKeys = False,
) -> None:
    """Take a backup of everything while others write.

    The next backup into the same folder adds only what is new. The folder keys/ is left out unless you ask for it; keep
    it apart from the data: whoever has both can tell students apart.
    """
    from rollbook.app import backup as backups
    from rollbook.cli.views.moving import backed_up

    call = Call.of(context)
    source = register.open_owned(register.resolve_owned(call))
    with counting("copied") as progress:
        taken = backups.backup(source, to.expanduser().absolute(), with_keys=with_keys, progress=progress or _silent)
    call.answer({"folder": str(to), "backup": documents.to_plain(taken)}, lambda: backed_up(taken, to))


def restore(
    context: typer.Context,
    to: Target,
    origin: Annotated[Path, typer.Option("--from", metavar="DIR", help="The folder of a backup.")],
    to_database: ToDatabase = "",
    to_store: ToStore = "",
    with_keys: WithKeys = False,
) -> None:
    """Make a register of a backup, and check every byte of it. Damage ends with exit code 7.

    The target must be empty. With --to-database and --to-store the register comes to live there, whichever database
    and store the backup was taken from.
    """
    from rollbook.app import backup as backups

    call = Call.of(context)
    target = register.place_of(to, to_database, to_store)
    with counting("restored") as progress:
        moved = backups.restore(origin.expanduser().absolute(), target, _options(to, "", with_keys, progress))
    _answer(call, moved, "restored")


def migrate(
    context: typer.Context,
    to: Target,
    to_database: ToDatabase = "",
    to_store: ToStore = "",
    organisation: Annotated[
        str, typer.Option(metavar="NAME", help="New name of the organisation.", show_default=False)
    ] = "",
    with_keys: WithKeys = False,
) -> None:
    """Copy a register to other places, from a folder to production or back.

    Stop every writer before. Every byte of the copy is read back and checked. Digests, numbers, aliases with their
    history, runs and the audit log stay as they are; the register that is copied stays too. After an interruption, run
    it again. Damage ends with exit code 7.
    """
    from rollbook.app import migrate as migrations

    call = Call.of(context)
    source = register.open_owned(register.resolve_owned(call))
    target = register.place_of(to, to_database, to_store)
    with counting("migrated") as progress:
        moved = migrations.migrate(source, target, _options(to, organisation, with_keys, progress))
    _answer(call, moved, "migrated")


def _options(to: Path, organisation: str, with_keys: bool, progress: Callable[[int], None] | None) -> Options:
    from rollbook.app.moving import Options
    from rollbook.sdk.settings import resolve

    return Options(
        organisation=organisation,
        with_keys=with_keys,
        user=resolve(to).user,
        clock=register.now,
        random=os.urandom,
        progress=progress or _silent,
    )


def _answer(call: Call, moved: Moved, done: str) -> None:
    from rollbook.cli.views.moving import shown

    call.answer({"ok": moved.ok, "moved": documents.to_plain(moved)}, lambda: shown(moved, done))
    if not moved.ok:
        raise typer.Exit(exits.DAMAGED)


def _silent(_bytes: int) -> None:
    """Nobody watches."""
