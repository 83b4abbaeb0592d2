"""Search: versions and runs by what is known of them, in one project or in all that the actor may read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rollbook.app import runs as runs_
from rollbook.app.found import facts_of, locate
from rollbook.app.register import Register
from rollbook.app.search_cells import run_cells, version_cells
from rollbook.app.search_cursor import read_cursor, write_cursor
from rollbook.catalog import (
    Connection,
    projects,
    runs,
    search_dialect,
    search_facts,
    search_listing,
    search_pages,
    search_rebuild,
    walk,
)
from rollbook.catalog.lineage import of_run, of_version
from rollbook.catalog.search_pages import Place
from rollbook.catalog.search_patterns import compiled
from rollbook.catalog.search_scope import SearchScope
from rollbook.catalog.walk import NODE_LIMIT, NodeKey
from rollbook.model.errors import InvalidInput, NotFound
from rollbook.model.facts import RunFacts, VersionFacts
from rollbook.model.names import check_project
from rollbook.model.permission import Action, Resource, may
from rollbook.model.query import SearchAnswer, SearchAsk, SearchField, SearchFields, parse, parse_sort, to_text
from rollbook.model.query.answers import MAX_COLUMNS, MAX_PAGE
from rollbook.model.query.fields import BUILT_IN, OF_RUNS, TARGETS, Target
from rollbook.model.query.parser import parse_field
from rollbook.model.query.printer import sort_to_text
from rollbook.model.query.problems import near, wrong
from rollbook.model.query.ranks import MAX_FACTS
from rollbook.model.query.tree import Compare, Field, Related, Sort, Term, fields_of, leaves, related_of

MAX_PROJECTS = 500
"""Most projects of one search."""

MAX_RELATED = 8
"""Most lineage terms of one query: each is a walk."""

_CUT = f"some have more than {MAX_FACTS:,} values, or keys longer than 255 characters: only the others were searched"


class _Search(NamedTuple):
    """A search under way."""

    register: Register
    connection: Connection
    target: Target
    term: Term
    sort: Sort
    columns: tuple[Field, ...]
    scopes: tuple[SearchScope, ...]
    warnings: list[str]


class _Hit(NamedTuple):
    scope: SearchScope
    place: Place


def search(register: Register, ask: SearchAsk, project: str) -> SearchAnswer:
    """A page of the versions or runs that fulfil a query.

    Args:
        register: The register.
        ask: The question.
        project: Project at hand, searched where the question names none.

    Raises:
        InvalidInput: Query, order, column or page are wrong; the message points at the place.
        Forbidden: The actor may not read a project that the question names.
        NotFound: A project or a version that the query names does not exist.
    """
    target = _check(ask)
    term, sort = read_query(ask.query, target), parse_sort(ask.sort, target)
    columns = tuple(parse_field(text, target) for text in ask.columns)
    names = _projects(register, ask, project, _actions(target, (*fields_of(term), *_sorted_by(sort), *columns)))
    question = f"{target}\n{to_text(term)}\n{sort_to_text(sort)}"
    after = read_cursor(ask.after, question) if ask.after else None
    with register.catalog.read() as connection:
        found = _begin(register, connection, target, term, sort, columns, names, project)
        hits, next_place = _page(found, after, ask.limit)
        return _answer(found, hits, write_cursor(next_place, question) if next_place else "")


def read_query(query: str, target: Target) -> Term:
    """The tree of a query, whose patterns are such as can be used.

    Raises:
        InvalidInput: It is wrong; the message points at the place.
    """
    term = parse(query, target)
    for leaf in leaves(term):
        if isinstance(leaf, Compare) and leaf.operator == "~":
            try:
                compiled(str(leaf.value.value))
            except InvalidInput as error:
                raise wrong(query, leaf.column, error.message, hint=error.hint) from error
    return term


def fields(register: Register, ask: SearchAsk, project: str) -> SearchFields:
    """Every field that the target can be searched by, with the kinds and counts of the values that there are.

    Raises:
        Forbidden: The actor may not read a project that is asked for.
        NotFound: There is no such project.
    """
    target = _check(ask)
    names = _projects(register, ask, project, _actions(target, ()))
    sources: list[search_facts.FieldSource] = ["metadata"] if target == "versions" else []
    kinds: dict[str, set[str]] = {}
    counts: dict[str, int] = {}
    complete = True
    with register.catalog.read() as connection:
        for name in names:
            readable = may(register.actor, "run.read", Resource(register.actor.organisation, name))
            wanted = [*sources, *(OF_RUNS if readable else ())]
            found = search_listing.listed(connection, register.project(connection, name), wanted)  # type: ignore[arg-type]
            complete = complete and len(found) < search_listing.FIELDS_LIMIT
            for item in found:
                label = f"{item.source}.{item.path}"
                kinds.setdefault(label, set()).update(item.kinds)
                counts[label] = counts.get(label, 0) + item.holders
    own = [
        SearchField(name=name, kinds=(field.kind,), meaning=field.meaning) for name, field in BUILT_IN[target].items()
    ]
    listed = [
        SearchField(name=label, kinds=tuple(sorted(kinds[label])), count=counts[label]) for label in sorted(kinds)
    ]
    return SearchFields(target=target, fields=(*own, *listed), complete=complete)


def rebuild(register: Register, project: str) -> int:
    """Write anew what search looks at in a project, and return how many versions and runs were read.

    Raises:
        Forbidden: The actor may not check stores.
        NotFound: There is no such project.
    """
    register.allow("store.verify", project)
    with register.catalog.write() as connection:
        return search_rebuild.rebuild(connection, register.project(connection, project).key)


def _check(ask: SearchAsk) -> Target:
    if ask.target not in TARGETS:
        raise InvalidInput(f"{ask.target!r} cannot be searched", hint=f"one of {', '.join(TARGETS)}")
    if not 1 <= ask.limit <= MAX_PAGE:
        raise InvalidInput(f"a page of {ask.limit} hits", hint=f"between 1 and {MAX_PAGE}")
    if len(ask.columns) > MAX_COLUMNS:
        raise InvalidInput(f"{len(ask.columns)} columns", hint=f"at most {MAX_COLUMNS}")
    if ask.everywhere and ask.projects:
        raise InvalidInput("projects are named, and all are asked for", hint="give one of the two")
    return ask.target


def _sorted_by(sort: Sort) -> tuple[Field, ...]:
    return () if sort.field is None else (sort.field,)


def _actions(target: Target, asked: Iterable[Field]) -> tuple[Action, ...]:
    """What the actor must be allowed: what a query asks of runs, it also tells of them."""
    if target == "runs":
        return ("run.read",)
    return ("version.read", "run.read") if any(field.source in OF_RUNS for field in asked) else ("version.read",)


def _projects(register: Register, ask: SearchAsk, project: str, actions: Sequence[Action]) -> list[str]:
    """Full names of the projects to search: those that are named, or all that the actor may read."""
    if not ask.everywhere:
        names = list(dict.fromkeys(ask.projects or (project,)))
        for name in names:
            for action in actions:
                register.allow(action, name)
        return _bounded(names)
    organisation = register.actor.organisation
    readable: list[str] = []
    after = ""
    with register.catalog.read() as connection:
        try:
            row = projects.get_organisation(connection, organisation)
        except NotFound:
            return []
        while True:
            page = projects.list_projects(connection, row, after=after, limit=MAX_PAGE)
            resources = [Resource(organisation, item.name) for item in page.items]
            readable += [
                resource.project
                for resource in resources
                if all(may(register.actor, action, resource) for action in actions)
            ]
            if page.next is None:
                return _bounded(readable)
            after = page.next


def _bounded(names: list[str]) -> list[str]:
    if len(names) > MAX_PROJECTS:
        raise InvalidInput(f"{len(names)} projects are too many for one search", hint=f"name at most {MAX_PROJECTS}")
    return [check_project(name) for name in names]


def _begin(
    register: Register,
    connection: Connection,
    target: Target,
    term: Term,
    sort: Sort,
    columns: tuple[Field, ...],
    names: Sequence[str],
    project: str,
) -> _Search:
    can_match = search_dialect.prepare(connection)
    warnings: list[str] = []
    related = _related(register, connection, term, target, project, warnings)
    now = register.clock()
    scopes = tuple(
        SearchScope(
            connection=connection,
            project=register.project(connection, name),
            target=target,
            now=now,
            silent_since=now - runs_.SILENT_AFTER,
            related=related,
            warnings=warnings,
            can_match=can_match,
        )
        for name in names
    )
    asked = (*fields_of(term), *_sorted_by(sort))
    for scope in scopes:
        scope.load(asked)
    return _Search(register, connection, target, term, sort, columns, scopes, warnings)


def _related(
    register: Register, connection: Connection, term: Term, target: Target, project: str, warnings: list[str]
) -> Mapping[Related, frozenset[int]]:
    terms = related_of(term)
    if len(terms) > MAX_RELATED:
        raise InvalidInput(f"{len(terms)} lineage terms", hint=f"at most {MAX_RELATED}")
    found: dict[Related, frozenset[int]] = {}
    for each in terms:
        version = locate(register, connection, each.reference, project).version.key
        found[each] = _walked(connection, each, version, target, warnings)
    return found


def _walked(
    connection: Connection, related: Related, version: int, target: Target, warnings: list[str]
) -> frozenset[int]:
    if related.way in ("used", "produced"):
        runs_at_it = [edge.run for edge in of_version(connection, version, related.way)]  # type: ignore[arg-type]
        if target == "runs":
            return frozenset(runs_at_it)
        return frozenset(edge.version for run in runs_at_it for edge in of_run(connection, run, "produced"))
    direction = "descendants" if related.way == "from" else "origins"
    start = NodeKey("version", version)
    walked = walk.walk(connection, start, direction, limit=NODE_LIMIT)
    if not walked.complete:
        warnings.append(f"the lineage of {related.reference} was followed to {NODE_LIMIT:,} nodes alone")
    kind = "version" if target == "versions" else "run"
    return frozenset(node.key for node in walked.depths if node.kind == kind and node != start)


def _page(search: _Search, after: Place | None, limit: int) -> tuple[list[_Hit], Place | None]:
    """The first hits of all projects in order, and the place behind which the next page begins, or None."""
    found: list[_Hit] = []
    reached: list[Place] = []
    for scope in search.scopes:
        part = search_pages.hits(scope, search.term, search.sort, after=after, limit=limit + 1)
        found += [_Hit(scope, place) for place in part.places]
        if part.reached is not None:
            reached.append(part.reached)
    found.sort(key=lambda hit: hit.place[1:], reverse=search.sort.down)
    found.sort(key=lambda hit: hit.place.lacks)
    nearest = _nearest(reached, down=search.sort.down)
    if nearest is not None:
        # What lies behind the nearest bound may not be all that there is: the next page begins there.
        found = [hit for hit in found if not _behind(hit.place, nearest, down=search.sort.down)]
    if len(found) > limit:
        return found[:limit], found[limit - 1].place
    return found, nearest


def _nearest(places: Sequence[Place], *, down: bool) -> Place | None:
    first = sorted(places, key=lambda place: place[1:], reverse=down)
    return min(first, key=lambda place: place.lacks, default=None)


def _behind(place: Place, bound: Place, *, down: bool) -> bool:
    if place.lacks != bound.lacks:
        return place.lacks
    return place[1:] < bound[1:] if down else place[1:] > bound[1:]


def _answer(search: _Search, hits: Sequence[_Hit], following: str) -> SearchAnswer:
    register, connection = search.register, search.connection
    unseen = _unseen(search)
    versions: tuple[VersionFacts, ...] = ()
    found_runs: tuple[RunFacts, ...] = ()
    keys = [hit.place.row for hit in hits]
    if search.target == "versions":
        rows = search_pages.members(connection, keys)
        versions = tuple(facts_of(register, connection, rows))
        cells = version_cells(connection, search.columns, rows, versions)
    else:
        run_rows = [runs.by_key(connection, key) for key in keys]
        owners = [hit.scope.project for hit in hits]
        pairs = zip(owners, run_rows, strict=True)
        found_runs = tuple(runs_.listed(register, owner, row) for owner, row in pairs)
        cells = run_cells(search.columns, found_runs)
    return SearchAnswer(
        query=to_text(search.term),
        target=search.target,
        sort=sort_to_text(search.sort),
        versions=versions,
        runs=found_runs,
        columns=tuple(str(column) for column in search.columns),
        cells=cells if search.columns else (),
        next=following,
        complete=not following and not unseen,
        warnings=tuple(dict.fromkeys((*_unknown(search), *unseen))),
    )


def _unseen(search: _Search) -> list[str]:
    """What search could not see."""
    cut = any(scope.is_cut() for scope in search.scopes)
    return [*search.warnings, _CUT] if cut else search.warnings


def _unknown(search: _Search) -> Iterator[str]:
    """Keys that nothing has in the projects that were searched, with keys that are spelled alike."""
    for field in dict.fromkeys(item for item in (*fields_of(search.term), *_sorted_by(search.sort)) if item.source):
        if any(scope.keys_below(field) for scope in search.scopes):
            continue
        source = search.scopes[0].source_of(field) if search.scopes else "metadata"
        known = {
            path for scope in search.scopes for path in search_listing.paths(search.connection, scope.project, source)
        }
        hint = near(field.spelled, known)
        yield f"nothing that was searched has {field}" + (f": {hint}" if hint else "")
