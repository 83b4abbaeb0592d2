"""`log`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollbook.cli import documents
from rollbook.cli.arguments import Aliases, Metadata, Tags, pairs
from rollbook.cli.call import Call
from rollbook.model.errors import InvalidInput
from rollbook.model.extras import needs_extra

if TYPE_CHECKING:
    from rollbook.sdk.run import Run
    from rollbook.sdk.version import Version

ROSTER = "roster"
_STUDENT_COLUMNS = ("student", "student_id")


def log(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file or folder.", show_default=False)],
    *,
    type_: Annotated[
        str, typer.Option("--type", metavar="TYPE", help="dataset, model, roster or any name; fixed for a collection.")
    ],
    name: Annotated[
        str, typer.Option("--name", "-n", metavar="NAME", help="Collection, or NAME:vN to state the number.")
    ] = "",
    alias: Aliases = None,
    tag: Tags = None,
    metadata: Metadata = None,
    description: Annotated[str, typer.Option(metavar="TEXT", help="Text about it; can be changed later.")] = "",
    data_class: Annotated[
        str, typer.Option(metavar="CLASS", help="public, internal, pseudonymous or identifiable; kept for ever.")
    ] = "internal",
    student: Annotated[
        str, typer.Option(metavar="COL", help="Roster: column of student ids; default student or student_id.")
    ] = "",
    attribute: Annotated[
        list[str] | None, typer.Option(metavar="COL", help="Roster: keep only these columns; repeatable.")
    ] = None,
    use: Annotated[
        list[str] | None, typer.Option(metavar="REF", help="A version it was made from; repeatable.")
    ] = None,
) -> None:
    """Log a file or folder as a version. The same content again is the same version.

    The collection is named by --name, else by the file. With --type roster, PATH is a CSV or Parquet table of student
    attributes whose ids become pseudonyms before anything is stored.
    """
    from rollbook.sdk.session import init

    call = Call.of(context)
    facts: dict[str, Any] = {"metadata": pairs(metadata, "--metadata"), "description": description}
    config = {"source": str(path)}
    with init(call.project, data_dir=call.data_dir, job_type="log", config=config, save_code=False) as run:
        for reference in use or ():
            run.use_artifact(reference)
        if type_ == ROSTER:
            facts |= {"attributes": attribute, "aliases": alias or (), "tags": tag or ()}
            version = _log_roster(run, path, name, student, **facts)
        else:
            version = run.log_artifact(path, name or None, type_, alias, tag, data_class=data_class, **facts)
    answer_logged(call, version, run)


def _log_roster(run: Run, path: Path, name: str, student: str, **options: Any) -> Version:
    with needs_extra("compare"):
        from rollbook import tables

    table = tables.read_table(path, path.name)
    columns: list[str] = table.column_names
    column = student or next((known for known in _STUDENT_COLUMNS if known in columns), "")
    if not column:
        raise InvalidInput(
            f"no column of {str(path)!r} is called student or student_id",
            hint=f"name it with --student; there are {', '.join(columns)}",
        )
    return run.log_roster(table, name or path.stem, student=column, **options)


def answer_logged(call: Call, version: Version, run: Run) -> None:
    """Say which version there is now, and whether it is new."""
    from rollbook.cli.views.version import logged

    created = version.facts.run == run.facts.id
    call.answer(
        {"created": created, "version": documents.version(version.facts)},
        lambda: logged(version.facts, created=created),
    )
