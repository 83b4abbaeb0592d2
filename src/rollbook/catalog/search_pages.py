"""Pages of hits in one project: keyset pages in the order of a field, or of when things were made.

A hit's place is four values: whether it lacks the field that is sorted by (those come last), the field's rank, the
key of the version or run, and the key of the membership. The next page starts behind a place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, Select, exists, literal, not_, select, tuple_

from rollbook.catalog import memberships as memberships_
from rollbook.catalog.execution import every
from rollbook.catalog.rows import MembershipRow
from rollbook.catalog.schema import edges, memberships
from rollbook.catalog.search_conditions import Conditions
from rollbook.catalog.search_dialect import plain_keys
from rollbook.catalog.search_plan import Plan, plan_of, without
from rollbook.catalog.search_scope import ALWAYS, SearchScope
from rollbook.catalog.search_tests import of_fact
from rollbook.model.query.fields import OF_RUNS
from rollbook.model.query.tree import Field, Sort, Term

WALKED = 200_000
"""Most versions or runs that one page of one project walks past. Where they are used up, the page ends there."""

_LAST = 2**62


class Place(NamedTuple):
    """Where a hit stands in the order."""

    lacks: bool
    rank: str
    subject: int
    row: int


class Hits(NamedTuple):
    """Hits in order.

    Attributes:
        places: One for each; `row` is the key of the membership or run.
        reached: Where the walk was ended by its bound, or None where everything was seen that the page asked for.
    """

    places: list[Place]
    reached: Place | None


class _Walk(NamedTuple):
    """Facts in an order.

    Attributes:
        facts: The facts that are walked.
        chosen: What makes them the facts to walk.
        subject: Key of the version or run.
        by_rank: Whether their rank comes first in the order.
        made: Lineage edges from runs to versions, where facts of runs order versions; else None.
        where: What is asked beside.
        lacks: Whether these come last for want of the field that is sorted by.
    """

    facts: FromClause
    chosen: tuple[ColumnElement[bool], ...]
    subject: ColumnElement[int]
    by_rank: bool = False
    made: FromClause | None = None
    where: tuple[ColumnElement[bool], ...] = ()
    lacks: bool = False


def hits(scope: SearchScope, term: Term, sort: Sort, *, after: Place | None, limit: int) -> Hits:
    """Up to `limit` hits behind a place."""
    if scope.key_of(ALWAYS) is None:
        return Hits([], None)
    plan = plan_of(scope, term)
    if plan.candidates is not None and not plan.candidates:
        return Hits([], None)
    found: list[Place] = []
    for walk in _walks(scope, sort, plan):
        if after is not None and after.lacks and not walk.lacks and sort.field is not None:
            continue
        start = after if after is not None and (after.lacks == walk.lacks) else None
        end = _end(scope, walk, sort, start) if plan.candidates is None else None
        left = without(term, plan.driver) if sort.field is None else term
        query = _query(scope, walk, left, sort, plan, start, end)
        found += [Place(walk.lacks, *row) for row in scope.connection.execute(query.limit(limit - len(found)))]
        if len(found) == limit:
            break
        if end is not None:
            return Hits(found, end)
    return Hits(found, None)


def _walks(scope: SearchScope, sort: Sort, plan: Plan) -> list[_Walk]:
    facts = scope.table.alias("walked")
    subject = facts.c.subject
    everything = (facts.c.field == scope.key_of(ALWAYS),)
    if sort.field is None:
        if plan.driver is None:
            return [_Walk(facts, everything, subject)]
        driving = (facts.c.field == scope.key_of(plan.driver.field),)
        return [_Walk(facts, driving, subject, where=(of_fact(scope, plan.driver, facts, indexed=False),))]
    key = scope.key_of(sort.field)
    if key is None:
        return [_Walk(facts, everything, subject, lacks=True)]
    lacking = not_(_has_first(scope, sort.field, key, subject))
    return [_ordered(scope, sort.field, key), _Walk(facts, everything, subject, where=(lacking,), lacks=True)]


def _ordered(scope: SearchScope, field: Field, key: int) -> _Walk:
    facts = scope.table_of(field).alias("walked")
    first = (facts.c.field == key, facts.c.position == 0)
    if not _of_maker(scope, field):
        return _Walk(facts, first, facts.c.subject, by_rank=True)
    edge = edges.alias("made")
    return _Walk(facts, first, edge.c.version, by_rank=True, made=edge, where=_made_first(edge))


def _has_first(scope: SearchScope, field: Field, key: int, subject: ColumnElement[int]) -> ColumnElement[bool]:
    facts = scope.table_of(field).alias()
    first = (facts.c.field == key, facts.c.position == 0)
    if not _of_maker(scope, field):
        return exists().where(facts.c.subject == subject, *first)
    edge = edges.alias()
    return exists().where(edge.c.version == subject, facts.c.subject == edge.c.run, *_made_first(edge), *first)


def _of_maker(scope: SearchScope, field: Field) -> bool:
    return scope.target == "versions" and field.source in OF_RUNS


def _made_first(edge: Any) -> tuple[ColumnElement[bool], ...]:
    """Of several runs that made a version, the first one's values are what it is sorted by."""
    other = edges.alias()
    earlier = exists().where(other.c.version == edge.c.version, other.c.role == "produced", other.c.key < edge.c.key)
    return edge.c.role == "produced", not_(earlier)


def _query(
    scope: SearchScope, walk: _Walk, term: Term, sort: Sort, plan: Plan, start: Place | None, end: Place | None
) -> Select[str, int, int]:
    source, row = walk.facts, walk.subject
    where = [*walk.chosen, *walk.where, Conditions(scope, walk.subject).of(term)]
    if walk.made is not None:
        source = source.join(walk.made, walk.made.c.run == walk.facts.c.subject)
    if scope.target == "versions":
        source, row = source.join(memberships, memberships.c.version == walk.subject), memberships.c.key
        where.append(memberships.c.deleted_at.is_(None))
    if plan.candidates is not None:
        where.append(plain_keys(walk.subject, sorted(plan.candidates)))
    order = [*_rank(walk), walk.subject, row]
    rank: ColumnElement[str] = walk.facts.c["rank"] if walk.by_rank else literal("")
    query = select(rank.label("rank"), walk.subject.label("subject"), row.label("row")).select_from(source)
    if plan.driver is not None and sort.field is None:
        query = query.distinct()  # one version may have several values that fulfil the driver
    return query.where(*where, *_behind(sort, order, start), *_until(sort, order, end)).order_by(
        *_directed(sort, order)
    )


def _rank(walk: _Walk) -> list[Any]:
    return [walk.facts.c["rank"]] if walk.by_rank else []


def _directed(sort: Sort, order: Sequence[Any]) -> list[Any]:
    return [column.desc() if sort.down else column.asc() for column in order]


def _behind(sort: Sort, order: list[Any], start: Place | None) -> list[ColumnElement[bool]]:
    """Behind a place; said once more of the first column alone, which an index can seek."""
    if start is None:
        return []
    values = start[-len(order) :]
    if sort.down:
        return [order[0] <= values[0], tuple_(*order) < values]
    return [order[0] >= values[0], tuple_(*order) > values]


def _until(sort: Sort, order: list[Any], end: Place | None) -> list[ColumnElement[bool]]:
    """Not behind a place."""
    if end is None:
        return []
    values = end[-len(order) :]
    if sort.down:
        return [order[0] >= values[0], tuple_(*order) >= values]
    return [order[0] <= values[0], tuple_(*order) <= values]


def _end(scope: SearchScope, walk: _Walk, sort: Sort, start: Place | None) -> Place | None:
    """The place at which a page has passed as many facts as it may, or None where there are not so many."""
    if _at_most(scope, walk) <= WALKED:
        return None
    order = _rank(walk) if walk.made is not None else [*_rank(walk), walk.subject]
    query = select(*order).where(*walk.chosen)
    if start is not None:
        values = tuple(start)[2 - walk.by_rank :][: len(order)]
        near = tuple_(*order)
        query = query.where(near <= values if sort.down else near >= values)
    found = scope.connection.execute(query.order_by(*_directed(sort, order)).offset(WALKED).limit(1)).first()
    if found is None:
        return None
    nearest = 0 if sort.down else _LAST
    rank = str(found[0]) if walk.by_rank else ""
    return Place(walk.lacks, rank, nearest if walk.made is not None else found[-1], nearest)


def _at_most(scope: SearchScope, walk: _Walk) -> int:
    """How many facts a walk may meet, from the first and the last key alone."""
    subject = walk.facts.c.subject
    ends = [
        scope.connection.execute(select(subject).where(*walk.chosen).order_by(way).limit(1)).scalar()
        for way in (subject.asc(), subject.desc())
    ]
    return 0 if ends[0] is None else ends[1] - ends[0] + 1


def members(connection: Connection, keys: Sequence[int]) -> list[MembershipRow]:
    """The memberships with these keys, in their order."""
    query = memberships_.query().where(memberships.c.key.in_(keys))
    found = {row.key: row for row in every(connection, query, memberships_.build)}
    return [found[key] for key in keys]
