"""`ls`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rollbook.cli import documents
from rollbook.cli.call import Call
from rollbook.cli.completion import complete_collection
from rollbook.model.errors import InvalidInput

if TYPE_CHECKING:
    from rollbook.sdk.api import Api


def ls(
    context: typer.Context,
    collection: Annotated[
        str | None,
        typer.Argument(metavar="COLLECTION", help="List its versions.", autocompletion=complete_collection),
    ] = None,
    type_: Annotated[
        str, typer.Option("--type", metavar="TYPE", help="Only collections of this type.", show_default=False)
    ] = "",
    runs: Annotated[bool, typer.Option("--runs", help="List the project's runs.")] = False,
    projects: Annotated[bool, typer.Option("--projects", help="List all projects.")] = False,
) -> None:
    """List collections, versions, runs or projects. The newest comes first."""
    call = Call.of(context)
    if sum((collection is not None, bool(type_), runs, projects)) > 1:
        raise InvalidInput("COLLECTION, --type, --runs and --projects exclude each other", hint="give one of them")
    if projects:
        _projects(call, call.api())
    elif runs:
        _runs(call, call.api())
    elif collection is not None:
        _versions(call, collection)
    else:
        _collections(call, call.api(), type_)


def _projects(call: Call, api: Api) -> None:
    names = list(api.projects())
    call.answer({"projects": names}, lambda: names)


def _runs(call: Call, api: Api) -> None:
    from rollbook.cli.views import run

    found = api.runs()
    call.answer({"runs": [documents.listed_run(item) for item in found]}, lambda: run.listed(found, call.now()))


def _versions(call: Call, collection: str) -> None:
    from rollbook.cli.views import version

    api, name = call.api_of(collection)
    found = [item.facts for item in api.artifacts(name)]
    call.answer({"versions": [documents.version(facts) for facts in found]}, lambda: version.listed(found, call.now()))


def _collections(call: Call, api: Api, type_: str) -> None:
    from rollbook.cli.views import version

    found = api.collections(type_)
    call.answer({"collections": documents.to_plain(found)}, lambda: version.collections(found, call.now()))
