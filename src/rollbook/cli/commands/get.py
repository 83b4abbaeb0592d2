"""`get`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rollbook.cli import documents
from rollbook.cli.arguments import Reference
from rollbook.cli.call import Call


def get(
    context: typer.Context,
    reference: Reference,
    to: Annotated[Path | None, typer.Option(metavar="DIR", help="Target folder; default ./artifacts/NAME-vN.")] = None,
    path_prefix: Annotated[
        str, typer.Option(metavar="PREFIX", help="Only files whose path starts so.", show_default=False)
    ] = "",
) -> None:
    """Write a version's files to a folder. Each is checked; those that are right already are kept."""
    call = Call.of(context)
    version = call.api().artifact(reference)
    folder = version.download(to, path_prefix)
    paths = [entry.path for entry in version.files() if entry.path.startswith(path_prefix)]
    call.answer(
        {"version": documents.version(version.facts), "folder": folder, "files": paths},
        lambda: [f"{version.name}: {len(paths)} {'file' if len(paths) == 1 else 'files'} in {folder}"],
    )
