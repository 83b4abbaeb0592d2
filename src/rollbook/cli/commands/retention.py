"""`retention keep`, `retention rm`, `retention ls`, `retention preview`, `retention run`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollbook.cli import documents
from rollbook.cli.arguments import Reason
from rollbook.cli.call import Call
from rollbook.model.space import RetentionRule

Whose = Annotated[
    str,
    typer.Argument(metavar="COLLECTION", help="A collection; default all without a rule of their own."),
]


def keep(
    context: typer.Context,
    collection: Whose = "",
    last: Annotated[int, typer.Option(metavar="N", help="Keep the newest N versions.")] = 0,
    days: Annotated[int, typer.Option(metavar="N", help="Keep what is younger than N days.")] = 0,
    aliased: Annotated[bool, typer.Option("--aliased", help="Keep what an alias ever pointed to.")] = False,
    used: Annotated[bool, typer.Option("--used/--no-used", help="Keep what something aliased was made from.")] = True,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", "-t", metavar="TAG", help="Keep what has this tag; '*' for any; repeatable."),
    ] = None,
    reason: Reason = "",
) -> None:
    """Say which versions of a collection, or of all, to keep. Whatever no rule keeps is deleted by and by.

    Never deleted are versions that an alias points to, that another version is linked to, and the newest one.
    """
    from rollbook.cli.views.space import rules

    call = Call.of(context)
    api = call.api()
    rule = RetentionRule(
        keep_last=last,
        keep_days=days,
        keep_aliased=aliased,
        keep_used=used,
        keep_tags=tuple(tag or ()),
    )
    done = api.transport.space.set_retention(api.project, rule, collection=collection, reason=reason)
    call.answer({"retention": documents.to_plain(done)}, lambda: rules([done]))


def rm(context: typer.Context, collection: Whose = "", reason: Reason = "") -> None:
    """Take a rule away: all versions are kept from now on."""
    from rollbook.cli.views.space import rules

    call = Call.of(context)
    api = call.api()
    done = api.transport.space.set_retention(api.project, None, collection=collection, reason=reason)
    call.answer({"retention": documents.to_plain(done)}, lambda: rules([done]))


def ls(context: typer.Context) -> None:
    """List every rule that was ever set in the project, the newest first."""
    from rollbook.cli.views.space import rules

    call = Call.of(context)
    api = call.api()
    found = api.transport.space.retention(api.project)
    call.answer({"retention": [documents.to_plain(one) for one in found]}, lambda: rules(found))


def preview(context: typer.Context) -> None:
    """List what the rules would delete now, and why everything else stays."""
    _applied(context, preview=True)


def run(context: typer.Context) -> None:
    """Delete what the rules no longer keep. A server does this by itself, once a day."""
    _applied(context, preview=False)


def _applied(context: typer.Context, *, preview: bool) -> None:
    from rollbook.cli.views.space import kept

    call = Call.of(context)
    api = call.api()
    found = api.transport.space.apply_retention(api.project, preview=preview)
    call.answer({"retention": documents.to_plain(found)}, lambda: kept(found))
