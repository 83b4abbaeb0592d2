"""`usage`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollbook.cli import documents
from rollbook.cli.call import Call
from rollbook.cli.completion import complete_collection
from rollbook.model.errors import InvalidInput


def usage(
    context: typer.Context,
    collection: Annotated[
        str | None,
        typer.Argument(metavar="COLLECTION", help="Of its versions.", autocompletion=complete_collection),
    ] = None,
    projects: Annotated[bool, typer.Option("--projects", help="Of all projects.")] = False,
) -> None:
    """Show how much space a project takes, and its collections or versions.

    'alone' is what deleting frees in the end: bytes that nothing else needs. Bytes that several versions need are
    stored once.
    """
    from rollbook.cli.views.space import used

    call = Call.of(context)
    if collection is not None and projects:
        raise InvalidInput("COLLECTION and --projects exclude each other", hint="give one of them")
    api, name = (call.api(), "") if collection is None else call.api_of(collection)
    found = api.usage(name, everything=projects)
    rows = [{**documents.to_plain(row), "shared_bytes": row.shared_bytes} for row in found.rows]
    document = {"usage": rows, "at": documents.to_plain(found)["at"], "complete": found.complete}
    call.answer(document, lambda: used(found))
