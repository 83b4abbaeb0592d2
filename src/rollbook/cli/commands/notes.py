"""`tag`, `describe`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollbook.cli import documents
from rollbook.cli.arguments import Reference
from rollbook.cli.call import Call
from rollbook.model.errors import InvalidInput


def tag(
    context: typer.Context,
    reference: Reference,
    add: Annotated[list[str] | None, typer.Option("--add", metavar="TAG", help="Label to add; repeatable.")] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="TAG", help="Label to take off; repeatable.")
    ] = None,
) -> None:
    """Add and remove labels of a version. Each is a dated note beside it; the version itself never changes."""
    call = Call.of(context)
    if not add and not remove:
        raise InvalidInput("no tag is named", hint=f"for example rollbook tag {reference} --add fairness_checked")
    version = call.api().artifact(reference).tag(*(add or ()), remove=remove or ())
    call.answer(
        {"version": documents.version(version.facts)},
        lambda: [f"{version.name}  tags: {', '.join(version.tags) or 'none'}"],
    )


def describe(
    context: typer.Context,
    reference: Reference,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The description; earlier ones stay among the notes.")],
) -> None:
    """Set the description of a version. It is a dated note beside it; the version itself never changes."""
    call = Call.of(context)
    version = call.api().artifact(reference).describe(text)
    call.answer({"version": documents.version(version.facts)}, lambda: [f"{version.name}  {version.description}"])
