"""`lineage`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollbook.cli import documents
from rollbook.cli.call import Call
from rollbook.cli.completion import complete_reference
from rollbook.model.errors import InvalidInput


def lineage(
    context: typer.Context,
    reference: Annotated[
        str, typer.Argument(metavar="REF|RUN", help="A version, or a run's id.", autocompletion=complete_reference)
    ],
    up: Annotated[bool, typer.Option("--up", help="Only what it was made from.")] = False,
    down: Annotated[bool, typer.Option("--down", help="Only what was made from it.")] = False,
    depth: Annotated[int | None, typer.Option(metavar="N", help="Steps in each direction; default all.")] = None,
) -> None:
    """Show what a version was made from, and what was made from it.

    A step leads from a version to a run that made or used it, or from a run to a version.
    """
    from rollbook.cli.views.lineage import shown

    call = Call.of(context)
    if depth is not None and depth < 1:
        raise InvalidInput(f"--depth {depth} leads nowhere", hint="1 or more")
    both = up == down
    graph = call.api().lineage(reference, up=up or both, down=down or both, depth=depth)
    call.answer({"lineage": documents.to_plain(graph)}, lambda: shown(graph, up=up or both, down=down or both))
