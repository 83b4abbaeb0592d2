"""Search, and saved views."""

from __future__ import annotations

import msgspec

from rollbook.app import search, views
from rollbook.model.query.answers import (
    NewView,
    SavedView,
    SearchAnswer,
    SearchAsk,
    SearchFields,
    SearchTarget,
    ViewPage,
)
from rollbook.server.api.paths import PROJECT, Limit
from rollbook.server.routes import Call, Routes

routes = Routes("search")


@routes.add("POST", PROJECT + "/search/versions", needs="version.read", takes=SearchAsk, gives=SearchAnswer)
def search_versions(call: Call) -> SearchAnswer:
    """A page of the versions that fulfil a query: in this project, in those that it names, or in all one may read."""
    return search.search(call.register, _asked(call, "versions"), call.project)


@routes.add("POST", PROJECT + "/search/runs", needs="run.read", takes=SearchAsk, gives=SearchAnswer)
def search_runs(call: Call) -> SearchAnswer:
    """A page of the runs that fulfil a query: in this project, in those that it names, or in all one may read."""
    return search.search(call.register, _asked(call, "runs"), call.project)


@routes.add("POST", PROJECT + "/search/versions/fields", needs="version.read", takes=SearchAsk, gives=SearchFields)
def list_version_fields(call: Call) -> SearchFields:
    """What versions can be searched by: built-in fields and the keys that there are, with kinds and counts."""
    return search.fields(call.register, _asked(call, "versions"), call.project)


@routes.add("POST", PROJECT + "/search/runs/fields", needs="run.read", takes=SearchAsk, gives=SearchFields)
def list_run_fields(call: Call) -> SearchFields:
    """What runs can be searched by: built-in fields and the keys that there are, with kinds and counts."""
    return search.fields(call.register, _asked(call, "runs"), call.project)


@routes.add("POST", PROJECT + "/search/rebuild", needs="store.verify", gives=int)
def rebuild_search(call: Call) -> int:
    """Write anew what search looks at, and tell how many versions and runs were read."""
    return call.once(lambda register: search.rebuild(register, call.project))


@routes.add("GET", PROJECT + "/views", needs="version.read", gives=ViewPage)
def list_views(call: Call, after: str | None = None, limit: Limit = 1000) -> ViewPage:
    """One's own saved views and the shared ones, oldest first."""
    return views.list_views(call.register, call.project, after=after, limit=limit)


@routes.add("GET", PROJECT + "/view", needs="version.read", gives=SavedView)
def read_view(call: Call, name: str) -> SavedView:
    """One's own view of this name, else the shared one."""
    return views.get_view(call.register, call.project, name)


@routes.add("POST", PROJECT + "/views", needs="view.write", takes=NewView, gives=SavedView)
def save_view(call: Call) -> SavedView:
    """Save a search under a name, in place of one's own of that name."""
    new: NewView = call.body
    return call.once(lambda register: views.save_view(register, call.project, new))


@routes.add("DELETE", PROJECT + "/view", needs="view.write", gives=SavedView)
def remove_view(call: Call, name: str) -> SavedView:
    """Take one's own view away."""
    return call.once(lambda register: views.remove_view(register, call.project, name))


def _asked(call: Call, target: SearchTarget) -> SearchAsk:
    """The question, about what the path says."""
    return msgspec.structs.replace(call.body, target=target)
