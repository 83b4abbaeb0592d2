"""`org add`, `org ls`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollbook.cli import documents
from rollbook.cli.call import Call
from rollbook.cli.people import people_of
from rollbook.model.people import NewOrganisation


def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, unique among organisations and teams.")],
) -> None:
    """Add an organisation. Nothing of one organisation is seen by members of another."""
    call = Call.of(context)
    with people_of(call) as people:
        made = people.add_organisation(NewOrganisation(name=name))
    call.answer({"organisation": documents.to_plain(made)}, lambda: [f"{made.name} was added"])


def ls(context: typer.Context) -> None:
    """List organisations. An administrator of the server sees all, others their own."""
    from rollbook.cli.views import people as view

    call = Call.of(context)
    with people_of(call) as people:
        found = people.organisations()
    call.answer(
        {"organisations": [documents.to_plain(item) for item in found]}, lambda: view.organisations(found, call.now())
    )
