"""`key add`, `key ls`, `key revoke`."""

from __future__ import annotations

import sys
import time
from typing import Annotated, cast

import typer

from rollbook.cli import documents
from rollbook.cli.call import Call
from rollbook.cli.people import days_of, people_of
from rollbook.model.people import NewKey
from rollbook.model.permission import Scope

_STDIN = "-"


def add(
    context: typer.Context,
    user: Annotated[str, typer.Option(metavar="NAME", help="Whose key it will be.")],
    secret: Annotated[
        str,
        typer.Option(metavar="KEY", help="Import this key instead; '-' reads it from stdin.", show_default=False),
    ] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCOPE",
            help="Limit it to ingest, read, artifact:write, promote, admin or audit:read; repeatable.",
        ),
    ] = None,
    in_: Annotated[
        list[str] | None,
        typer.Option("--in", metavar="PROJECT", help="Limit it to a TEAM, ORG or TEAM/PROJECT; repeatable."),
    ] = None,
    expires: Annotated[
        str, typer.Option(metavar="TIME", help="90d, 12w, 1y; default 90d, 1y for a service.", show_default=False)
    ] = "",
) -> None:
    """Make an API key; it is shown once. Only its hash is kept.

    With --secret, a key that exists elsewhere works here too, so that a team that moves changes only the address.
    """
    from rollbook.cli.views import people as view

    call = Call.of(context)
    scopes = [part for given in scope or () for part in given.split(",")]
    new = NewKey(
        user=user,
        secret=sys.stdin.readline().strip() if secret == _STDIN else secret,
        scopes=cast("tuple[Scope, ...]", tuple(scopes)) if scope else None,
        projects=tuple(in_) if in_ else None,
        days=days_of(expires),
    )
    with people_of(call) as people:
        made = people.add_key(new)
    call.answer({"secret": made.key, "key": documents.to_plain(made.facts)}, lambda: view.issued(made))


def ls(
    context: typer.Context,
    user: Annotated[str, typer.Option(metavar="NAME", help="Only keys of this user.", show_default=False)] = "",
) -> None:
    """List API keys. What they are is not kept, so it cannot be shown."""
    from rollbook.cli.views import people as view

    call = Call.of(context)
    with people_of(call) as people:
        found = people.keys(user)
    call.answer(
        {"keys": [documents.to_plain(key) for key in found]},
        lambda: view.keys(found, call.now(), time.time_ns() // 1000),
    )


def revoke(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="ID", help="The eight characters that 'rollbook key ls' shows.")],
) -> None:
    """End an API key at once. This cannot be undone."""
    call = Call.of(context)
    with people_of(call) as people:
        gone = people.revoke_key(key)
    call.answer({"key": documents.to_plain(gone)}, lambda: [f"key {gone.id} of {gone.user} is revoked"])
