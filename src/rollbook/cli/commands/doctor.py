"""`doctor`."""

from __future__ import annotations

import typer

from rollbook.cli import documents, exits
from rollbook.cli.call import Call

FAILED = "fail"


def doctor(context: typer.Context) -> None:
    """Check this machine and the data directory. A failed check ends with exit code 1.

    Looks at the database library, whether the disk keeps what it is told to keep, free space, the permissions of keys,
    left-over temporary files and the catalog.
    """
    from rollbook.cli.views.verification import checks

    call = Call.of(context)
    found = call.api().transport.doctor()
    failed = any(check.status == FAILED for check in found)
    call.answer({"ok": not failed, "checks": [documents.to_plain(check) for check in found]}, lambda: checks(found))
    if failed:
        raise typer.Exit(exits.NOT_WELL)
