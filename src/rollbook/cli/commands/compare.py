"""`compare`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rollbook.cli import documents
from rollbook.cli.arguments import texts
from rollbook.cli.call import Call
from rollbook.cli.completion import complete_reference

_ABSENT: tuple[Any, ...] = (None, [], {})


def compare(
    context: typer.Context,
    references: Annotated[
        list[str],
        typer.Argument(metavar="REF", help="Models, or evaluations of them.", autocompletion=complete_reference),
    ],
    *,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="COL[,COL]", help="Group by an attribute, or by several crossed; repeatable."),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", metavar="NAME", help="auc, f1, fpr, rmse ...; the first decides; repeatable."),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(metavar="REF", help="Compare all others with this one too.", autocompletion=complete_reference),
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option(metavar="K=V", help="Only students with this attribute; repeatable.")
    ] = None,
    rows: Annotated[
        str | None, typer.Option(metavar="RULE", help="identical (default) or intersection: rows that all models have.")
    ] = None,
    level: Annotated[float | None, typer.Option(help="Confidence level of intervals; default 0.95.")] = None,
    n_boot: Annotated[int | None, typer.Option(metavar="N", help="Bootstrap replicates; default 2000.")] = None,
    seed: Annotated[int | None, typer.Option(metavar="S", help="Seed of the bootstrap; default 0.")] = None,
    correction: Annotated[
        str | None, typer.Option(metavar="NAME", help="For several tests: holm (default), bh or none.")
    ] = None,
) -> None:
    """Compare models on the same students, overall and per group.

    Each number comes with its interval and its count of students. Models that the data cannot tell from the best are
    named with it. With --json the whole report is written, its tidy table under "rows".
    """
    from rollbook.cli.views.comparison import shown

    call = Call.of(context)
    options: dict[str, Any] = {
        "by": [tuple(columns.split(",")) for columns in by or ()],
        "metrics": metric,
        "reference": reference,
        "where": texts(where, "--where"),
        "rows": rows,
        "level": level,
        "n_boot": n_boot,
        "seed": seed,
        "correction": correction,
    }
    found = call.api().compare(references, **{name: value for name, value in options.items() if value not in _ABSENT})
    call.answer({**documents.to_plain(found), "digest": found.digest}, lambda: shown(found))
