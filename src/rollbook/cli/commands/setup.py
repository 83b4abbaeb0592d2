"""`init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rollbook.cli.call import Call
from rollbook.model.errors import InvalidInput


def init(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="The data directory; default ./rollbook-data.")
    ] = None,
) -> None:
    """Make a data directory. An existing one is left as it is.

    Commands find it from the folder that holds it and from any folder below, when it is called rollbook-data.
    Otherwise name it: --data-dir DIR, or ROLLBOOK_DATA=DIR in the environment.
    """
    from rollbook.sdk.settings import DIRECTORY_NAME, MARKER

    call = Call.of(context)
    if call.server:
        raise InvalidInput("a server makes its data directory itself", hint="'rollbook serve --data-dir DIR' there")
    if call.data_dir is None:
        call.data_dir = folder or Path(DIRECTORY_NAME)
    api = call.api(create=True)
    directory = api.settings.data_dir
    existed = (directory / MARKER).is_file()
    location = api.transport.location
    found_by_itself = directory.name == DIRECTORY_NAME and directory.parent in (Path.cwd(), *Path.cwd().parents)
    call.answer(
        {"data_dir": location, "created": not existed},
        lambda: [
            f"{directory} {'is a data directory already' if existed else 'is ready'}",
            "next: rollbook log FILE --type dataset"
            if found_by_itself
            else f"use it with --data-dir {directory}, or ROLLBOOK_DATA={directory}",
        ],
    )
