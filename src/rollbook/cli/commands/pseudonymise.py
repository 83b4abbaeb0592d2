"""`pseudonymise`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rollbook.cli import words
from rollbook.cli.call import Call
from rollbook.model.extras import needs_extra


def pseudonymise(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or Parquet table.")],
    student: Annotated[str, typer.Option(metavar="COL", help="The column with student ids.")] = "student",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The copy; default NAME.pseudonymous.csv beside it."),
    ] = None,
) -> None:
    """Replace the student ids of a table by pseudonyms, in a copy.

    The key is the one of the project, so that the copy joins with rosters and evaluations of the project. Columns that
    look as if they identify students are named: whether they may stay is yours to decide.
    """
    with needs_extra("compare"):
        from rollbook import tables

    call = Call.of(context)
    api = call.api(create=True)
    target = output or file.with_suffix(f".pseudonymous{file.suffix}")
    rows = tables.pseudonymise_file(file, target, student=student, key=api.transport.key(api.project))
    suspicions = tables.suspicious_columns(tables.read_table(file, file.name), student)
    call.answer(
        {
            "file": str(target),
            "rows": rows,
            "suspicious_columns": [{"column": item.column, "why": item.reason} for item in suspicions],
        },
        lambda: [
            f"{target}  {words.counted(rows, 'row')}",
            *(f"look at column {item.column!r}: {item.reason}" for item in suspicions),
        ],
    )
