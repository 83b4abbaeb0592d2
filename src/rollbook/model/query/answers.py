"""What search is asked and answers: plain values, ready for JSON."""

from __future__ import annotations

from typing import Literal

import msgspec

from rollbook.model.canonical import JSON
from rollbook.model.facts import RunFacts, VersionFacts

SearchTarget = Literal["versions", "runs"]
PAGE = 50
MAX_PAGE = 1000
MAX_COLUMNS = 30


class SearchAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question.

    Attributes:
        query: See `docs/search.md`; "" for everything.
        target: What is searched.
        projects: Full names of projects; empty for the project at hand.
        everywhere: Search every project that the actor may read.
        sort: A field, then `asc` or `desc`; "" for the newest first.
        columns: Fields whose values are told for each hit.
        limit: Hits of a page, 1 to 1000.
        after: The `next` of the page before.
    """

    query: str = ""
    target: SearchTarget = "versions"
    projects: tuple[str, ...] = ()
    everywhere: bool = False
    sort: str = ""
    columns: tuple[str, ...] = ()
    limit: int = PAGE
    after: str = ""


class SearchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A page of hits.

    Attributes:
        query: The query in its one spelling.
        target: What was searched.
        sort: The order.
        versions: Hits, where versions were searched.
        runs: Hits, where runs were searched; without environment and code.
        columns: Fields that were asked for.
        cells: Per hit, the value of each column; None where there is none, a list where there are several.
        next: What to pass as `after` to get the next page, or "" where this was the last.
        complete: Whether nothing follows: no other page, and no part that search could not see.
        warnings: What a reader must know: keys that nothing has, values that were not searched.
    """

    query: str
    target: SearchTarget
    sort: str
    versions: tuple[VersionFacts, ...] = ()
    runs: tuple[RunFacts, ...] = ()
    columns: tuple[str, ...] = ()
    cells: tuple[tuple[JSON, ...], ...] = ()
    next: str = ""
    complete: bool = True
    warnings: tuple[str, ...] = ()


class SearchField(msgspec.Struct, frozen=True, kw_only=True):
    """A field that can be searched by.

    Attributes:
        name: As it is written in a query.
        kinds: Of its values: text, number, bool, null, date, empty.
        count: How many versions or runs have it; None for built-in fields.
        meaning: What a built-in field is.
    """

    name: str
    kinds: tuple[str, ...]
    count: int | None = None
    meaning: str = ""


class SearchFields(msgspec.Struct, frozen=True, kw_only=True):
    """Fields by name: the built-in ones, then those of metadata, config and summary.

    Attributes:
        target: What they belong to.
        fields: The fields.
        complete: Whether these are all; a page has at most 1000 of one project.
    """

    target: SearchTarget
    fields: tuple[SearchField, ...]
    complete: bool = True


class NewView(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A search to be saved under a name in a project.

    Attributes:
        name: Its name.
        query: The query.
        target: What it searches.
        sort: Order, or "".
        columns: Fields to show.
        shared: Whether everybody who may read the project sees it; else only its owner does.
    """

    name: str
    query: str
    target: SearchTarget = "versions"
    sort: str = ""
    columns: tuple[str, ...] = ()
    shared: bool = False


class SavedView(msgspec.Struct, frozen=True, kw_only=True):
    """A saved search. Times in UTC microseconds."""

    project: str
    name: str
    owner: str
    shared: bool
    target: SearchTarget
    query: str
    sort: str
    columns: tuple[str, ...]
    created_at: int
    changed_at: int


class ViewPage(msgspec.Struct, frozen=True):
    """Saved views, and the word that asks for the next page."""

    items: tuple[SavedView, ...]
    next: str | None = None
