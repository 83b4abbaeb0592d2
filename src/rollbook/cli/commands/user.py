"""`user add`, `user ls`, `user password`, `user disable`, `user enable`."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer

from rollbook.cli import documents
from rollbook.cli.call import Call
from rollbook.cli.people import people_of
from rollbook.model.errors import InvalidInput
from rollbook.model.people import NewUser

Name = Annotated[str, typer.Argument(metavar="NAME", help="Login name of a person or service account.")]


def add(
    context: typer.Context,
    name: Name,
    admin: Annotated[bool, typer.Option("--admin", help="Let it manage the whole server.")] = False,
    service: Annotated[bool, typer.Option("--service", help="It is a program, not a person.")] = False,
) -> None:
    """Add a person or a service account. It has no role yet: 'rollbook member add' gives one.

    A name is given once: it is never used again, not even for somebody who left.
    """
    call = Call.of(context)
    with people_of(call) as people:
        made = people.add_user(NewUser(name=name, admin=admin, service=service))
    call.answer({"user": documents.to_plain(made)}, lambda: [f"{made.name} was added"])


def ls(context: typer.Context) -> None:
    """List users. Disabled ones stay in the list."""
    from rollbook.cli.views import people as view

    call = Call.of(context)
    with people_of(call) as people:
        found = people.users()
    call.answer({"users": [documents.to_plain(user) for user in found]}, lambda: view.users(found, call.now()))


def password(context: typer.Context, name: Name) -> None:
    """Give a person a password for signing in from a browser. All their sessions end.

    It is asked for, or read as one line where nobody can be asked.
    """
    call = Call.of(context)
    with people_of(call) as people:
        given = people.set_password(name, _asked(name))
    call.answer({"user": documents.to_plain(given)}, lambda: [f"{given.name} can sign in with the new password"])


def _asked(name: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass(f"new password of {name}: ")
    if getpass.getpass("once more: ") != first:
        raise InvalidInput("the two passwords differ", hint="try again")
    return first


def disable(context: typer.Context, name: Name) -> None:
    """Shut a user out. All its keys are revoked and all its sessions end, at once and for good."""
    call = Call.of(context)
    with people_of(call) as people:
        gone = people.disable_user(name)
    call.answer({"user": documents.to_plain(gone)}, lambda: [f"{gone.name} is disabled; its keys are revoked"])


def enable(context: typer.Context, name: Name) -> None:
    """Let a disabled user in again. Old keys and sessions stay void."""
    call = Call.of(context)
    with people_of(call) as people:
        back = people.enable_user(name)
    call.answer({"user": documents.to_plain(back)}, lambda: [f"{back.name} may sign in again, with a new key"])
