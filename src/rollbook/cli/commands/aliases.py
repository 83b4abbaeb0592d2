"""`alias`, `promote`, `rollback`, `history`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rollbook.cli import documents
from rollbook.cli.arguments import Collection, Reason, Reference, Segment
from rollbook.cli.call import Call

if TYPE_CHECKING:
    from rollbook.model.facts import AliasMove

CHAMPION = "champion"
WhichAlias = Annotated[str, typer.Option("--alias", "-a", metavar="ALIAS", help="The alias.")]


def alias(
    context: typer.Context,
    reference: Reference,
    name: Annotated[str, typer.Argument(metavar="ALIAS", help="The alias, such as staging.")],
    segment: Segment = "",
    reason: Reason = "",
    delete: Annotated[bool, typer.Option("--delete", help="Take the alias away; its history stays.")] = False,
) -> None:
    """Point an alias at a version, or take it away. Every move is kept.

    With --delete, REF is the collection.
    """
    call = Call.of(context)
    if delete:
        api, collection = call.api_of(reference)
        _moved(call, api.unalias(collection, name, segment=segment, reason=reason))
    else:
        _moved(call, call.api().alias(reference, name, segment=segment, reason=reason))


def promote(
    context: typer.Context,
    reference: Reference,
    alias: WhichAlias = CHAMPION,
    segment: Segment = "",
    reason: Reason = "",
) -> None:
    """Make a version the champion. 'rollbook rollback' takes it back."""
    call = Call.of(context)
    _moved(call, call.api().promote(reference, alias, segment=segment, reason=reason))


def rollback(
    context: typer.Context,
    collection: Collection,
    alias: WhichAlias = CHAMPION,
    segment: Segment = "",
    reason: Reason = "",
) -> None:
    """Put an alias back where it was before. Doing it twice goes back twice."""
    call = Call.of(context)
    api, name = call.api_of(collection)
    _moved(call, api.rollback(name, alias, segment=segment, reason=reason))


def history(
    context: typer.Context,
    collection: Collection,
    alias: Annotated[
        str, typer.Option("--alias", "-a", metavar="ALIAS", help="Only this alias; default all.", show_default=False)
    ] = "",
) -> None:
    """List every move of a collection's aliases: when, who, from where, to where and why. The oldest comes first."""
    from rollbook.cli.views.aliases import listed

    call = Call.of(context)
    api, name = call.api_of(collection)
    moves = api.alias_history(name, alias)
    call.answer(
        {"collection": f"{api.project}/{name}", "moves": [documents.to_plain(move) for move in moves]},
        lambda: listed(moves, call.now()),
    )


def _moved(call: Call, move: AliasMove) -> None:
    from rollbook.cli.views.aliases import moved

    call.answer({"move": documents.to_plain(move)}, lambda: [moved(move)])
