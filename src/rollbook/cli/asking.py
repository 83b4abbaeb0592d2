"""The options of a comparison, for the commands that make one and that seal one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rollbook.cli.arguments import texts
from rollbook.cli.completion import complete_reference
from rollbook.model.errors import InvalidInput

By = Annotated[
    list[str] | None,
    typer.Option("--by", metavar="COL[,COL]", help="Group by an attribute, or by several crossed; repeatable."),
]
Metric = Annotated[
    list[str] | None,
    typer.Option("--metric", metavar="NAME", help="auc, f1, fpr, rmse ...; the first decides; repeatable."),
]
Against = Annotated[
    str | None,
    typer.Option(
        "--reference", metavar="REF", help="Compare all others with this one too.", autocompletion=complete_reference
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="K=V", help="Only students with this attribute; repeatable."),
]
Rows = Annotated[
    str | None,
    typer.Option("--rows", metavar="RULE", help="identical (default) or intersection: rows that all models have."),
]
Level = Annotated[float | None, typer.Option("--level", help="Confidence level of intervals; default 0.95.")]
Boot = Annotated[int | None, typer.Option("--n-boot", metavar="N", help="Bootstrap replicates; default 2000.")]
Seed = Annotated[int | None, typer.Option("--seed", metavar="S", help="Seed of the bootstrap; default 0.")]
Correction = Annotated[
    str | None, typer.Option("--correction", metavar="NAME", help="For several tests: holm (default), bh or none.")
]
Margin = Annotated[
    list[str] | None,
    typer.Option(
        "--margin", metavar="NAME=LOSS", help="Largest loss against the reference that counts as none; repeatable."
    ),
]
_ABSENT: tuple[Any, ...] = (None, [], {})


def plan_of(
    *,
    by: list[str] | None,
    metric: list[str] | None,
    reference: str | None,
    where: list[str] | None,
    rows: str | None,
    level: float | None,
    n_boot: int | None,
    seed: int | None,
    correction: str | None,
    margin: list[str] | None,
) -> dict[str, Any]:
    """The options that were given."""
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
        "margins": {name: _loss(loss) for name, loss in texts(margin, "--margin").items()},
    }
    return {name: value for name, value in options.items() if value not in _ABSENT}


def _loss(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InvalidInput(f"--margin {text!r} is no number", hint="for example --margin auc=0.005") from error
