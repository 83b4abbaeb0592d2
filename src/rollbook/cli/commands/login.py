"""`login` and `sync`: a key for a server, and rows that wait for it."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rollbook.cli.call import Call
from rollbook.model.errors import InvalidInput, RollbookError

if TYPE_CHECKING:
    from rollbook.sdk.settings import ServerPlace


def login(
    context: typer.Context,
    key: Annotated[
        str, typer.Option(metavar="KEY", help="The key; else it is asked for, or read from a pipe.", show_default=False)
    ] = "",
    *,
    forget: Annotated[bool, typer.Option("--forget", help="Forget the key of this server.")] = False,
) -> None:
    """Keep an API key for a server, once the server has taken it. Only you can read the file.

    The key is used wherever that server is named, with --server or ROLLBOOK_SERVER, and ROLLBOOK_API_KEY is not set.
    """
    from rollbook.model.people import Viewer
    from rollbook.sdk.remote.address import check_server
    from rollbook.sdk.remote.client import Client
    from rollbook.sdk.remote.credentials import keep_key

    call = Call.of(context)
    place = _place(call)
    server = check_server(place.address, insecure=place.insecure)
    if forget:
        path = keep_key(place.config_dir, server, "")
        call.answer({"server": server, "name": "", "kept_in": str(path)}, lambda: [f"no key for {server} is kept"])
        return
    given = key or _asked(server)
    viewer = Client(server, given).get("/viewer", Viewer)
    path = keep_key(place.config_dir, server, given)
    call.answer(
        {"server": server, "name": viewer.name, "kept_in": str(path)},
        lambda: [f"you are {viewer.name} at {server}", f"use it with --server {server}, or ROLLBOOK_SERVER={server}"],
    )


def _asked(server: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    return getpass.getpass(f"key for {server}: ").strip()


def sync(context: typer.Context) -> None:
    """Send history rows of earlier runs that a server does not have yet.

    They wait on this machine when a program was killed, or when the server was away at the end of a run.
    """
    from rollbook.sdk.remote.opening import open_client, open_outbox

    call = Call.of(context)
    place = _place(call)
    client = open_client(place)
    outbox = open_outbox(place, lambda: 0)
    sent, waiting = 0, 0
    for item in outbox.waiting():
        if item.address.server != client.server:
            continue
        try:
            done = outbox.send(client, item)
        except RollbookError as error:
            sys.stderr.write(f"{item.folder}: {error.message}\n")
            done = False
        sent, waiting = (sent + 1, waiting) if done else (sent, waiting + 1)
    call.answer({"sent": sent, "waiting": waiting}, lambda: [f"runs sent: {sent}, waiting: {waiting}"])


def _place(call: Call) -> ServerPlace:
    """The server that is meant.

    Raises:
        InvalidInput: None is named.
    """
    from rollbook.sdk.settings import resolve

    place = resolve(call.data_dir, call.project, server=call.server).server
    if place is None:
        raise InvalidInput("no server is named", hint="give --server URL, or set ROLLBOOK_SERVER")
    return place
