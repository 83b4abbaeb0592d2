"""Which way to search: look up what is rare, or walk what is common in order until the page is full.

SQLite keeps no statistics here, so a plan is chosen by looking: at most `RARE` entries of an index per term.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, select

from rollbook.catalog.schema import aliases, collections, edges, memberships
from rollbook.catalog.search_scope import SearchScope, is_fact
from rollbook.catalog.search_tests import of_fact
from rollbook.model.query.fields import OF_RUNS
from rollbook.model.query.tree import And, Compare, Exists, In, Or, Related, Term

RARE = 2_000
"""Most versions or runs that are looked up one by one."""

PROBE = 10_000
"""Entries of an index that are counted, at most, to find the rarest of several common terms."""

_TRIED_BY_VALUE = ("~", "contains")


class Plan(NamedTuple):
    """A way to search.

    Attributes:
        candidates: Keys of the only versions or runs that can be hits, where these are few; else None.
        driver: A term of which the facts are walked, or None to walk everything.
    """

    candidates: frozenset[int] | None
    driver: Compare | In | None


def plan_of(scope: SearchScope, term: Term) -> Plan:
    """Choose a way."""
    found = _rare(scope, term)
    return Plan(found, None) if found is not None else Plan(None, _driver(scope, term))


def _rare(scope: SearchScope, term: Term) -> frozenset[int] | None:
    """A small set that holds every hit of a term, or None where none is known."""
    match term:
        case And(terms):
            sets = [found for each in terms if (found := _rare(scope, each)) is not None]
            return min(sets, key=len, default=None)
        case Or(terms):
            parts = [_rare(scope, each) for each in terms]
            whole = [part for part in parts if part is not None]
            union = frozenset[int]().union(*whole)
            return union if len(whole) == len(parts) and len(union) <= RARE else None
        case Related():
            return scope.related[term]
        case Compare() | In() | Exists():
            query = _keys(scope, term)
            if query is None:
                return None
            found = frozenset(scope.connection.execute(query.limit(RARE + 1)).scalars())
            return found if len(found) <= RARE else None
        case _:
            return None


def _keys(scope: SearchScope, term: Compare | In | Exists) -> Select[int] | None:
    """The keys that an index gives for a term, or None where no index answers it."""
    if isinstance(term, Compare) and (term.operator == "!=" or term.operator in _TRIED_BY_VALUE):
        return None
    if not is_fact(scope, term.field):
        return None if isinstance(term, Exists) else _members(scope, term)
    keys = scope.keys_below(term.field) if isinstance(term, Exists) else [scope.key_of(term.field)]
    facts = scope.table_of(term.field).alias()
    where: list[ColumnElement[bool]] = [facts.c.field.in_([key for key in keys if key is not None])]
    if not isinstance(term, Exists):
        where.append(of_fact(scope, term, facts))
    if scope.target == "versions" and term.field.source in OF_RUNS:
        made = (edges.c.run == facts.c.subject, edges.c.role == "produced")
        return select(edges.c.version).distinct().where(*made, *where)
    return select(facts.c.subject).distinct().where(*where)


def _members(scope: SearchScope, term: Compare | In) -> Select[int] | None:
    """The versions of a collection, or those that an alias points to."""
    values = term.values if isinstance(term, In) else (term.value,)
    names = [text for text in (str(value.value) for value in values) if len(text) <= 255]
    if isinstance(term, Compare) and term.operator != "=":
        return None
    member = select(memberships.c.version).distinct()
    if scope.target == "versions" and term.field.path[0] in ("collection", "name"):
        found = and_(collections.c.project == scope.project.key, collections.c.name.in_(names))
        return member.where(found, memberships.c.collection == collections.c.key, memberships.c.deleted_at.is_(None))
    if term.field.path[0] == "alias":
        labels = [label.partition("/")[0] for label in names]
        found = and_(aliases.c.project == scope.project.key, aliases.c.alias.in_(labels))
        return member.where(found, memberships.c.key == aliases.c.membership)
    return None


def _driver(scope: SearchScope, term: Term) -> Compare | In | None:
    """The term that the fewest facts fulfil, of those that every hit must fulfil."""
    together = term.terms if isinstance(term, And) else (term,)
    able = [each for each in together if isinstance(each, Compare | In) and _drives(scope, each)]
    if len(able) < 2:
        return able[0] if able else None
    return min(able, key=lambda each: _count(scope, each))


def _drives(scope: SearchScope, term: Compare | In) -> bool:
    own = scope.target == "runs" or term.field.source not in OF_RUNS
    wanted = isinstance(term, In) or term.operator != "!="
    return own and wanted and is_fact(scope, term.field) and scope.key_of(term.field) is not None


def _count(scope: SearchScope, term: Compare | In) -> int:
    if isinstance(term, Compare) and term.operator in _TRIED_BY_VALUE:
        return PROBE  # to try every value takes longer than to read it
    facts = scope.table_of(term.field).alias()
    some = select(facts.c.field).where(facts.c.field == scope.key_of(term.field), of_fact(scope, term, facts))
    counted = select(func.count()).select_from(some.limit(PROBE).subquery())
    return scope.connection.execute(counted).scalar_one()


def without(term: Term, driver: Compare | In | None) -> Term:
    """What is left to be asked where the driver's facts are walked."""
    if driver is None:
        return term
    return And(tuple(each for each in (term.terms if isinstance(term, And) else (term,)) if each is not driver))
