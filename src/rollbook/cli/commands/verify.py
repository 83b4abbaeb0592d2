"""`verify`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollbook.cli import documents, exits
from rollbook.cli.call import Call
from rollbook.cli.completion import complete_reference
from rollbook.cli.progress import counting


def verify(
    context: typer.Context,
    reference: Annotated[
        str | None,
        typer.Argument(metavar="REF", help="A version; default everything.", autocompletion=complete_reference),
    ] = None,
) -> None:
    """Check a version, or everything, byte by byte. Damage ends with exit code 7.

    Every stored byte is read and compared with its digest; seals, manifests, provenance statements and the audit log
    are checked as well.
    """
    from rollbook.cli.views.verification import shown

    call = Call.of(context)
    api = call.api()
    with counting("checked") as progress:
        found = api.verify(reference, progress=progress)
    call.answer({"ok": found.ok, "verification": documents.to_plain(found)}, lambda: shown(found))
    if not found.ok:
        raise typer.Exit(exits.DAMAGED)
