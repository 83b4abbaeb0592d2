"""Options that every command takes, before or after its name: `--data-dir`, `--server`, `--project`, `--json`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rollbook.cli.call import Call


def _remember(context: typer.Context, parameter: typer.CallbackParam, value: Any) -> Any:
    if value:
        setattr(Call.of(context), parameter.name or "", value)
    return value


def _shared(
    data_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Data directory; default $ROLLBOOK_DATA, else the nearest rollbook-data.",
            callback=_remember,
            expose_value=False,
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Server to use instead of a data directory; default $ROLLBOOK_SERVER.",
            callback=_remember,
            expose_value=False,
        ),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(
            "--project",
            "-p",
            metavar="NAME",
            help="Project at hand; default $ROLLBOOK_PROJECT, else 'default'.",
            callback=_remember,
            expose_value=False,
        ),
    ] = None,
    json: Annotated[
        bool,
        typer.Option("--json", help="Write one JSON document instead of text.", callback=_remember, expose_value=False),
    ] = False,
) -> None:
    """Carries the options; never called."""


def shared_options() -> list[Any]:
    """The options, ready to be added to a command."""
    carrier = typer.Typer(add_completion=False, rich_markup_mode=None)
    carrier.command()(_shared)
    return typer.main.get_command(carrier).params
