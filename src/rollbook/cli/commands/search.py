"""`search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rollbook.cli import documents
from rollbook.cli.call import Call
from rollbook.model.errors import InvalidInput
from rollbook.model.query.answers import PAGE, SearchAsk, SearchTarget

if TYPE_CHECKING:
    from rollbook.model.query.answers import SearchAnswer


def search(
    context: typer.Context,
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="For example 'type = model and metadata.lr < 0.01'.")
    ] = "",
    *,
    runs: Annotated[bool, typer.Option("--runs", help="Search runs instead of versions.")] = False,
    sort: Annotated[
        str, typer.Option("--sort", metavar="FIELD", help="'summary.auc desc'; default the newest first.")
    ] = "",
    column: Annotated[
        list[str] | None, typer.Option("--column", "-c", metavar="FIELD", help="Show its value; repeatable.")
    ] = None,
    everywhere: Annotated[bool, typer.Option("--all-projects", help="Search every project that you may read.")] = False,
    view: Annotated[
        str,
        typer.Option("--view", metavar="NAME", help="Start from a saved view; QUERY narrows it.", show_default=False),
    ] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="Hits of a page, 1 to 1000.")] = PAGE,
    after: Annotated[
        str, typer.Option("--after", metavar="WORD", help="The page behind this word.", show_default=False)
    ] = "",
    fields: Annotated[bool, typer.Option("--fields", help="List what can be searched by.")] = False,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Write anew what search looks at.")] = False,
) -> None:
    """Find versions or runs by what is known of them.

    Terms: type = model, tag = checked, collection ~ "^math", created > -7d, size >= 1000000, alias = champion,
    metadata.optimizer.lr < 0.01, summary.auc >= 0.8, config.model in (dkt, bkt), exists(metadata.fair),
    description contains "balanced", from(student_data:v3), made(math_tutor:champion). Join them by and, or, not and
    parentheses. A term about a value that is missing is false.
    """
    call = Call.of(context)
    if fields and rebuild:
        raise InvalidInput("--fields and --rebuild exclude each other", hint="give one of them")
    target: SearchTarget = "runs" if runs else "versions"
    ask = SearchAsk(
        query=query,
        target=target,
        everywhere=everywhere,
        sort=sort,
        columns=tuple(column or ()),
        limit=limit,
        after=after,
    )
    if fields:
        _fields(call, ask)
    elif rebuild:
        _rebuild(call)
    else:
        _search(call, _of_view(call, view, ask) if view else ask)


def _of_view(call: Call, name: str, ask: SearchAsk) -> SearchAsk:
    """The question that a saved view and the rest of the command line ask together."""
    api = call.api()
    saved = api.transport.view(api.project, name)
    return SearchAsk(
        query=" and ".join(f"({part})" for part in (saved.query, ask.query) if part),
        target=saved.target,
        everywhere=ask.everywhere,
        sort=ask.sort or saved.sort,
        columns=ask.columns or saved.columns,
        limit=ask.limit,
        after=ask.after,
    )


def _search(call: Call, ask: SearchAsk) -> None:
    from rollbook.cli.views import search

    api = call.api()
    answer = api.transport.search(ask, api.project)
    call.answer(_document(answer), lambda: search.hits(answer, call.now(), several=ask.everywhere))


def _document(answer: SearchAnswer) -> dict[str, object]:
    return {
        "query": answer.query,
        "target": answer.target,
        "sort": answer.sort,
        "versions": [documents.version(facts) for facts in answer.versions],
        "runs": [documents.listed_run(facts) for facts in answer.runs],
        "columns": answer.columns,
        "cells": documents.to_plain(answer.cells),
        "next": answer.next,
        "complete": answer.complete,
        "warnings": answer.warnings,
    }


def _fields(call: Call, ask: SearchAsk) -> None:
    from rollbook.cli.views import search

    api = call.api()
    found = api.transport.search_fields(ask, api.project)
    document = {"fields": [documents.to_plain(field) for field in found.fields], "complete": found.complete}
    call.answer(document, lambda: search.fields(found))


def _rebuild(call: Call) -> None:
    api = call.api()
    count = api.transport.rebuild_search(api.project)
    call.answer({"rebuilt": count}, lambda: [f"{count:,} versions and runs of {api.project} can be searched"])
