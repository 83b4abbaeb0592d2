"""`member add`, `member remove`, `member ls`."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from rollbook.cli import documents
from rollbook.cli.call import Call
from rollbook.cli.people import people_of
from rollbook.model.people import NewMember
from rollbook.model.permission import Role

User = Annotated[str, typer.Argument(metavar="USER", help="Name of a person or service account.")]
Place = Annotated[str, typer.Option(metavar="TEAM", help="TEAM, ORG, TEAM/PROJECT or ORG/PROJECT.")]
_ROLES = "viewer, educator, analyst, admin, auditor or service"


def add(
    context: typer.Context,
    user: User,
    to: Place,
    role: Annotated[str, typer.Option(metavar="ROLE", help=f"What it may do there: {_ROLES}.")],
    scope: Annotated[
        str,
        typer.Option(
            metavar="K=V[,K=V]", help="The students an educator teaches: school=12,class=8B.", show_default=False
        ),
    ] = "",
) -> None:
    """Give somebody a role. Several roles add up.

    An educator with a scope sees figures of those students only, as the roster's columns say at each moment.
    """
    call = Call.of(context)
    with people_of(call) as people:
        made = people.add_member(NewMember(user=user, to=to, role=cast(Role, role), scope=scope))
    call.answer({"member": documents.to_plain(made)}, lambda: [f"{made.user} is {made.role} in {made.to}"])


def remove(
    context: typer.Context,
    user: User,
    to: Place,
    role: Annotated[str, typer.Option(metavar="ROLE", help="Only this role.", show_default=False)] = "",
    scope: Annotated[
        str, typer.Option(metavar="K=V[,K=V]", help="Only the role with this scope.", show_default=False)
    ] = "",
) -> None:
    """Take a role away. Without --role, every role that the user holds in that very place."""
    call = Call.of(context)
    with people_of(call) as people:
        gone = people.remove_member(NewMember(user=user, to=to, role=cast("Role | None", role or None), scope=scope))
    call.answer(
        {"members": [documents.to_plain(item) for item in gone]},
        lambda: [f"{item.user} is not {item.role} in {item.to} any more" for item in gone],
    )


def ls(
    context: typer.Context,
    to: Annotated[str, typer.Argument(metavar="TEAM", help="TEAM, ORG, TEAM/PROJECT or ORG/PROJECT.")],
) -> None:
    """List who has which role. Roles in a team include those in its projects."""
    from rollbook.cli.views import people as view

    call = Call.of(context)
    with people_of(call) as people:
        found = people.members(to)
    call.answer({"members": [documents.to_plain(item) for item in found]}, lambda: view.members(found, call.now()))
