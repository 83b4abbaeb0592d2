"""`explore`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollbook.cli import documents
from rollbook.cli.arguments import texts
from rollbook.cli.call import Call
from rollbook.cli.completion import complete_reference


def explore(
    context: typer.Context,
    references: Annotated[
        list[str],
        typer.Argument(metavar="REF", help="Models, or evaluations of them.", autocompletion=complete_reference),
    ],
    *,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="K=V[,V]", help="Only students with one of these values; repeatable."),
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option("--metric", metavar="NAME", help="auc, f1, fnr, brier ...; repeatable.")
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option("--attribute", metavar="COL", help="What can be filtered by; default all; repeatable."),
    ] = None,
) -> None:
    """See at once how models do on any students.

    The first question about a model reads its predictions; what they add up to is kept, and answers every later filter
    for hundreds of models. Where it says "pending", the interval has to be computed from rows: compare does that.
    """
    from rollbook.cli.views.exploration import shown

    call = Call.of(context)
    kept = {name: value.split(",") for name, value in texts(where, "--where").items()}
    found = call.api().explore(references, where=kept, metrics=metric or (), attributes=attribute or ())
    call.answer(documents.to_plain(found), lambda: shown(found))
