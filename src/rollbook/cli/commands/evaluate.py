"""`evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rollbook.cli.arguments import Aliases, Metadata, Tags, pairs
from rollbook.cli.call import Call
from rollbook.cli.commands.log import answer_logged
from rollbook.cli.completion import complete_reference

_VERSION: dict[str, Any] = {"metavar": "REF", "autocompletion": complete_reference}


def _column(meaning: str) -> Any:
    return typer.Option(metavar="COL", help=f"Column of {meaning}.", show_default=False)


def evaluate(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Predictions, one row each: CSV, Parquet or Arrow.")],
    *,
    model: Annotated[str, typer.Option(help="The model version that predicted.", **_VERSION)],
    dataset: Annotated[str, typer.Option(help="The dataset version it predicted on.", **_VERSION)],
    label: Annotated[str, _column("what happened")],
    student: Annotated[str, _column("student ids; raw ids become pseudonyms")] = "student",
    score: Annotated[str | None, _column("scores; or give --prediction")] = None,
    prediction: Annotated[str | None, _column("decisions, or predicted numbers")] = None,
    name: Annotated[
        str | None, typer.Option("--name", "-n", metavar="NAME", help="Collection; default MODEL-evaluation.")
    ] = None,
    roster: Annotated[str | None, typer.Option(help="Student attributes to group by.", **_VERSION)] = None,
    row: Annotated[str | None, _column("row keys, which pair models; default student, item, order")] = None,
    item: Annotated[str | None, _column("problems or questions")] = None,
    skill: Annotated[str | None, _column("skills")] = None,
    subject: Annotated[str | None, _column("school subjects")] = None,
    time: Annotated[str | None, _column("times")] = None,
    order: Annotated[str | None, _column("positions within a student's rows")] = None,
    weight: Annotated[str | None, _column("row weights")] = None,
    task: Annotated[str | None, typer.Option(metavar="TASK", help="binary, multiclass, ordinal or regression.")] = None,
    positive: Annotated[str | None, typer.Option(metavar="LABEL", help="The label that is flagged; default 1.")] = None,
    threshold: Annotated[float | None, typer.Option(help="Scores of at least this are flagged; default 0.5.")] = None,
    threshold_source: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Where it is from: fixed, train, validation or test.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(metavar="WORD", help="How test rows were chosen: student, temporal, random ...")
    ] = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(metavar="K=V", help="More of the protocol: masking, granularity, window ...; repeatable."),
    ] = None,
    alias: Aliases = None,
    tag: Tags = None,
    metadata: Metadata = None,
    description: Annotated[str, typer.Option(metavar="TEXT", help="Text about it; can be changed later.")] = "",
) -> None:
    """Log a model's predictions for students as an evaluation.

    The evaluation seals one row per prediction with the protocol it was made under, and is linked with the model, the
    dataset and the roster. Two models are compared on the rows whose keys agree.
    """
    from rollbook.sdk.session import init

    call = Call.of(context)
    stated = {
        "task": task,
        "positive": positive,
        "threshold": threshold,
        "threshold_source": threshold_source,
        "split": split,
    }
    facts = {key: value for key, value in stated.items() if value is not None} | pairs(protocol, "--protocol")
    sealed = pairs(metadata, "--metadata")
    config = {"source": str(file)}
    with init(
        call.project, data_dir=call.data_dir, server=call.server, job_type="evaluate", config=config, save_code=False
    ) as run:
        version = run.log_evaluation(
            model=model,
            dataset=dataset,
            predictions=file,
            roster=roster,
            name=name,
            student=student,
            truth=label,
            score=score,
            prediction=prediction,
            row=row,
            item=item,
            skill=skill,
            subject=subject,
            time=time,
            order=order,
            weight=weight,
            protocol=facts,
            metadata=sealed,
            description=description,
            aliases=alias or (),
            tags=tag or (),
        )
    answer_logged(call, version)
