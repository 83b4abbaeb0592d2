"""`gc`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollbook.cli import documents
from rollbook.cli.call import Call


def gc(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be freed.")] = False,
    eager: Annotated[
        bool, typer.Option("--eager", help="Do not wait: free at once what nothing needs. For when nobody is at work.")
    ] = False,
) -> None:
    """Free bytes that no version needs, of all projects.

    Bytes go when they were not needed in two collections and for a day, and an hour after that. A deleted version is
    needed for 30 days. It is safe at any time, beside writers and servers: what they come to need meanwhile stays.
    """
    from rollbook.cli.views.space import collected

    call = Call.of(context)
    done = call.api().transport.space.collect(preview=dry_run, eager=eager)
    call.answer({"collection": documents.to_plain(done)}, lambda: collected(done))
