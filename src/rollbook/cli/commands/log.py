"""`log`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollbook.cli import documents
from rollbook.cli.arguments import Aliases, Metadata, Tags, pairs
from rollbook.cli.call import Call
from rollbook.cli.completion import complete_reference
from rollbook.model.errors import InvalidInput
from rollbook.model.extras import needs_extra

if TYPE_CHECKING:
    from rollbook.sdk.artifact import Artifact
    from rollbook.sdk.run import Run
    from rollbook.sdk.version import Version

ROSTER = "roster"
_STUDENT_COLUMNS = ("student", "student_id")
_REMOTE = "://"


def log(
    context: typer.Context,
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="A file or folder, or the URI of bytes that stay where they are.")
    ],
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
    use: Annotated[
        list[str] | None,
        typer.Option(metavar="REF", help="A version it was made from; repeatable.", autocompletion=complete_reference),
    ] = None,
    onto: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Start from this version's files: PATH adds or replaces.",
            autocompletion=complete_reference,
        ),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(metavar="PATH", help="With --onto: leave out a file or folder; repeatable.")
    ] = None,
    checksum: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Of a URI, as its store states it: sha256:..., etag:..., md5:...")
    ] = None,
    student: Annotated[
        str, typer.Option(metavar="COL", help="Roster: column of student ids; default student or student_id.")
    ] = "",
    attribute: Annotated[
        list[str] | None, typer.Option(metavar="COL", help="Roster: keep only these columns; repeatable.")
    ] = None,
) -> None:
    """Log a file or folder as a version. The same content again is the same version.

    The collection is named by --name, else by the file. With --type roster, PATH is a CSV or Parquet table of student
    attributes whose ids become pseudonyms before anything is stored.
    """
    from rollbook.sdk import settings
    from rollbook.sdk.ahead import reading_ahead

    call = Call.of(context)
    sealed = pairs(metadata, "--metadata")
    labels: dict[str, Any] = {"aliases": alias or (), "tags": tag or ()}
    plain = type_ != ROSTER and onto is None and _REMOTE not in path
    settled = settings.resolve(call.data_dir, call.project, server=call.server)
    with reading_ahead(settled if plain else None, path) as stored, _started(call, path) as run:
        for reference in use or ():
            run.use_artifact(reference)
        if type_ == ROSTER:
            labels |= {"attributes": attribute, "metadata": sealed, "description": description}
            version = _log_roster(run, Path(path), name, student, **labels)
        elif onto is not None or _REMOTE in path:
            draft = _inherited(run, onto, name, type_, remove or ()) if onto else _empty(name, type_, data_class)
            draft.metadata |= sealed
            draft.description = description
            _add(draft, path, checksum)
            version = run.log_artifact(draft, **labels)
        else:
            stored()
            facts: dict[str, Any] = {"metadata": sealed, "description": description, "data_class": data_class}
            version = run.log_artifact(Path(path), name or None, type_, **labels, **facts)
    answer_logged(call, version)


def _started(call: Call, path: str) -> Run:
    from rollbook.sdk.session import init  # imported only now, while files are read

    return init(
        call.project,
        data_dir=call.data_dir,
        server=call.server,
        job_type="log",
        config={"source": path},
        save_code=False,
    )


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


def _empty(name: str, type_: str, data_class: str) -> Artifact:
    from rollbook.sdk.artifact import Artifact

    if not name:
        raise InvalidInput("a URI does not name a collection", hint="give --name")
    return Artifact(name, type_, data_class=data_class)


def _inherited(run: Run, onto: str, name: str, type_: str, remove: Sequence[str]) -> Artifact:
    """A draft that starts from the files, the metadata and the data class of a version."""
    from rollbook.sdk.artifact import Artifact

    parent = run.use_artifact(onto, type_)
    draft = Artifact(name or parent.collection, type_, parent.metadata, data_class=parent.data_class)
    draft.inherit(parent.files())
    for path in remove:
        draft.remove(path)
    return draft


def _add(draft: Artifact, path: str, checksum: str | None) -> None:
    if _REMOTE in path:
        draft.add_reference(path, checksum=checksum)
    elif Path(path).is_dir():
        draft.add_dir(path)
    else:
        draft.add_file(path)


def answer_logged(call: Call, version: Version) -> None:
    """Say which version there is now, and whether it is new."""
    from rollbook.cli.views.version import logged

    created = version.created
    call.answer(
        {"created": created, "version": documents.version(version.facts)},
        lambda: logged(version.facts, created=created),
    )
