"""`show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollbook.cli import documents
from rollbook.cli.call import Call
from rollbook.cli.completion import complete_reference
from rollbook.model.errors import InvalidReference, NotFound, RollbookError

if TYPE_CHECKING:
    from rollbook.model.facts import RunFacts
    from rollbook.sdk.api import Api
    from rollbook.sdk.version import Version


def show(
    context: typer.Context,
    what: Annotated[
        str, typer.Argument(metavar="REF|RUN", help="A version, or a run's id.", autocompletion=complete_reference)
    ],
    rows: Annotated[bool, typer.Option("--rows", help="A run: the rows it logged, one per step.")] = False,
) -> None:
    """Show everything known of a version or a run.

    Of a version: what is sealed, then notes, aliases, tags, links and files. Of a run: its configuration, its summary,
    what it used and what it made.
    """
    call = Call.of(context)
    api = call.api()
    try:
        version = api.artifact(what)
    except (NotFound, InvalidReference) as not_a_version:
        _run(call, api, _run_or(not_a_version, api, what), rows=rows)
    else:
        _version(call, api, version)


def _run_or(not_a_version: RollbookError, api: Api, what: str) -> RunFacts:
    try:
        return api.run(what)
    except NotFound:
        raise not_a_version from None


def _version(call: Call, api: Api, version: Version) -> None:
    from rollbook.cli.views.version import shown

    facts, entries, notes = version.facts, version.files(), version.notes()
    neighbours = api.lineage(version.qualified_name, depth=1)
    links = [documents.to_plain(edge) for edge in neighbours.edges]
    document = {
        "version": documents.version(facts),
        "files": [documents.to_plain(entry) for entry in entries],
        "notes": notes,
        "links": {"nodes": neighbours.nodes, "edges": links},
    }
    call.answer(document, lambda: shown(facts, entries, notes, neighbours, call.now()))


def _run(call: Call, api: Api, run: RunFacts, *, rows: bool) -> None:
    from rollbook.cli.views.run import shown

    edges = api.transport.edges(run)
    history = list(api.history(run.id)) if rows else None
    document: dict[str, Any] = {"run": run, "used": edges["used"], "produced": edges["produced"]}
    if history is not None:
        document["rows"] = history
    call.answer(document, lambda: shown(run, edges["used"], edges["produced"], history, call.now()))
