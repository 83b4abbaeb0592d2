"""`view save`, `view ls`, `view show`, `view rm`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollbook.cli import documents
from rollbook.cli.call import Call
from rollbook.model.query.answers import NewView

Name = Annotated[str, typer.Argument(metavar="NAME", help="The view's name.")]


def save(
    context: typer.Context,
    name: Name,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="As for 'rollbook search'.")],
    runs: Annotated[bool, typer.Option("--runs", help="It searches runs instead of versions.")] = False,
    sort: Annotated[
        str, typer.Option("--sort", metavar="FIELD", help="'summary.auc desc'; default the newest first.")
    ] = "",
    column: Annotated[
        list[str] | None, typer.Option("--column", "-c", metavar="FIELD", help="Show its value; repeatable.")
    ] = None,
    shared: Annotated[bool, typer.Option("--shared", help="Let everybody see it who may read the project.")] = False,
) -> None:
    """Save a search under a name. It takes the place of your own view of that name."""
    call = Call.of(context)
    api = call.api()
    new = NewView(
        name=name,
        query=query,
        target="runs" if runs else "versions",
        sort=sort,
        columns=tuple(column or ()),
        shared=shared,
    )
    saved = api.transport.save_view(api.project, new)
    call.answer(
        {"view": documents.to_plain(saved)}, lambda: [f"{saved.name} is saved: rollbook search --view {saved.name}"]
    )


def ls(context: typer.Context) -> None:
    """List your views and the shared ones of the project."""
    from rollbook.cli.views import search

    call = Call.of(context)
    api = call.api()
    found = api.transport.views(api.project)
    call.answer({"views": [documents.to_plain(view) for view in found]}, lambda: search.views(found))


def show(context: typer.Context, name: Name) -> None:
    """Show what a view asks. Its hits come with 'rollbook search --view NAME'."""
    from rollbook.cli.views import search

    call = Call.of(context)
    api = call.api()
    found = api.transport.view(api.project, name)
    call.answer({"view": documents.to_plain(found)}, lambda: search.view(found, call.now()))


def rm(context: typer.Context, name: Name) -> None:
    """Take one of your views away."""
    call = Call.of(context)
    api = call.api()
    gone = api.transport.remove_view(api.project, name)
    call.answer({"view": documents.to_plain(gone)}, lambda: [f"{gone.name} is gone; it asked: {gone.query}"])
