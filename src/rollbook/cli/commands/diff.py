"""`diff`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollbook.cli import documents
from rollbook.cli.call import Call
from rollbook.cli.completion import complete_reference


def diff(
    context: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The version before.", autocompletion=complete_reference)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The version after.", autocompletion=complete_reference)],
    key: Annotated[
        list[str] | None,
        typer.Option("--key", "-k", metavar="COL", help="Column that names a row, to see changed rows; repeatable."),
    ] = None,
) -> None:
    """Show what differs between two versions: files, metadata and, in tables, columns and rows.

    Without --key whole rows are compared, so that a changed row is one removed and one added.
    """
    from rollbook.cli.views.diff import shown

    call = Call.of(context)
    found = call.api().diff(old, new, key=key or ())
    call.answer({"diff": documents.to_plain(found)}, lambda: shown(found))
