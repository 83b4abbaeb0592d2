"""`team add`, `team ls`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollbook.cli import documents
from rollbook.cli.call import Call
from rollbook.cli.people import people_of
from rollbook.model.people import NewTeam


def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, unique among organisations and teams.")],
    org: Annotated[str, typer.Option(metavar="ORG", help="The organisation that it belongs to.")],
) -> None:
    """Add a team to an organisation. Its projects are named TEAM/PROJECT."""
    call = Call.of(context)
    with people_of(call) as people:
        made = people.add_team(NewTeam(name=name, organisation=org))
    call.answer({"team": documents.to_plain(made)}, lambda: [f"{made.name} was added to {made.organisation}"])


def ls(
    context: typer.Context,
    org: Annotated[str, typer.Option(metavar="ORG", help="Only teams of this organisation.", show_default=False)] = "",
) -> None:
    """List teams. An administrator of the server sees all, others those in which they have a role."""
    from rollbook.cli.views import people as view

    call = Call.of(context)
    with people_of(call) as people:
        found = people.teams(org)
    call.answer({"teams": [documents.to_plain(team) for team in found]}, lambda: view.teams(found, call.now()))
