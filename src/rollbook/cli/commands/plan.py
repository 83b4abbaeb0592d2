"""`plan seal`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from rollbook.cli import asking, documents
from rollbook.cli.arguments import Reference
from rollbook.cli.call import Call
from rollbook.model.errors import InvalidInput

_MAX_FILE = 1024 * 1024


def seal(
    context: typer.Context,
    dataset: Reference,
    *,
    name: Annotated[str, typer.Option(metavar="NAME", help="Collection of the plan.")],
    file: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="JSON object of options: metrics, by, margins ...")
    ] = None,
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
) -> None:
    """Seal what will be asked of a dataset, before anybody looks at its labels.

    A comparison under the plan ('rollbook compare --plan') is confirmatory where the plan was sealed before the first
    look at the dataset; every other comparison is exploratory.
    """
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
    plan = call.api().seal_plan(name, dataset, **((_read(file) if file else {}) | options))
    call.answer(
        {"version": documents.version(plan.facts)},
        lambda: [f"Sealed {plan.name}  {plan.facts.digest}", f"use it: rollbook compare ... --plan {plan.name}"],
    )


def _read(file: Path) -> dict[str, Any]:
    from rollbook.model.canonical import decode

    try:
        with file.open("rb") as stream:
            options = decode(stream.read(_MAX_FILE))
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{file} cannot be read: {error}", hint="a JSON object of options") from error
    if not isinstance(options, dict) or {"name", "dataset"} & set(options):
        raise InvalidInput(f"{file} is no object of options", hint='for example {"metrics": ["auc"], "by": ["gender"]}')
    return cast("dict[str, Any]", options)
