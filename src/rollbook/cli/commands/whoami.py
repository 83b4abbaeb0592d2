"""`whoami`."""

from __future__ import annotations

import typer

from rollbook.cli import documents
from rollbook.cli.call import Call
from rollbook.cli.people import people_of


def whoami(context: typer.Context) -> None:
    """Show who you are, and where you have which roles. The owner of a data directory owns all of it."""
    from rollbook.cli.views import people as view

    call = Call.of(context)
    with people_of(call) as people:
        found = people.viewer()
    call.answer({"viewer": documents.to_plain(found)}, lambda: view.viewer(found))
