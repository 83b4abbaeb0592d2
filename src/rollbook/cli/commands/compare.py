"""`compare`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollbook.cli import asking, documents
from rollbook.cli.call import Call
from rollbook.cli.completion import complete_reference


def compare(
    context: typer.Context,
    references: Annotated[
        list[str],
        typer.Argument(metavar="REF", help="Models, or evaluations of them.", autocompletion=complete_reference),
    ],
    *,
    by: asking.By = None,
    metric: asking.Metric = None,
    reference: asking.Against = None,
    where: asking.Where = None,
    rows: asking.Rows = None,
    level: asking.Level = None,
    n_boot: asking.Boot = None,
    seed: asking.Seed = None,
    correction: asking.Correction = None,
    margin: asking.Margin = None,
    plan: Annotated[
        str | None,
        typer.Option(metavar="REF", help="A sealed plan, whose options hold.", autocompletion=complete_reference),
    ] = None,
    save: Annotated[
        str, typer.Option(metavar="NAME", help="Keep the report as a version; it withholds small groups.")
    ] = "",
) -> None:
    """Compare models on the same students, overall and per group.

    Each number comes with its interval and its count of students. Models that the data cannot tell from the best are
    named with it. With --json the whole report is written, its tidy table under "rows".
    """
    from rollbook.cli.views.comparison import shown

    call = Call.of(context)
    options = asking.plan_of(
        by=by,
        metric=metric,
        reference=reference,
        where=where,
        rows=rows,
        level=level,
        n_boot=n_boot,
        seed=seed,
        correction=correction,
        margin=margin,
    )
    found = call.api().compare(references, save=save, **(options | {"plan": plan} if plan else options))
    call.answer({**documents.to_plain(found), "digest": str(found.digest)}, lambda: shown(found))
