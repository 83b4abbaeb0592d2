"""From the tree of a query to a condition of SQL. Fields are resolved to keys first; values are always bound."""

from __future__ import annotations

import math
from typing import Any, cast

from sqlalchemy import ColumnElement, FromClause, and_, exists, func, not_, or_, select

from rollbook.catalog import search_dialect
from rollbook.catalog.rows import RunState
from rollbook.catalog.runs import STATES
from rollbook.catalog.schema import aliases, collections, edges, memberships, runs
from rollbook.catalog.search_scope import SearchScope, is_fact
from rollbook.catalog.search_tests import constant, holds, of_fact
from rollbook.model.query.fields import OF_RUNS
from rollbook.model.query.tree import And, Compare, Exists, Field, In, Literal, Not, Or, Related, Term

NAMES_LIMIT = 100_000
"""Most names of collections or aliases of one project that a pattern is tried on."""

_WIDEST = 2.0**62


class Conditions:
    """Conditions on a version or run whose key is `subject`; of versions also on the membership that is read."""

    def __init__(self, scope: SearchScope, subject: ColumnElement[int]) -> None:
        self.scope = scope
        self.subject = subject

    def of(self, term: Term) -> ColumnElement[bool]:
        """The condition that a term stands for."""
        match term:
            case And(terms):
                return and_(constant(value=True), *map(self.of, terms))
            case Or(terms):
                return or_(constant(value=False), *map(self.of, terms))
            case Not(inner):
                return not_(self.of(inner))
            case Related():
                return search_dialect.plain_keys(self.subject, sorted(self.scope.related[term]))
            case Exists(field):
                return self._present(field)
            case Compare(field, "!=", value, column):
                return and_(self._valued(field), not_(self._single(Compare(field, "=", value, column))))
            case Compare() | In():
                return self._single(term)

    def _single(self, term: Compare | In) -> ColumnElement[bool]:
        special = self._special(term)
        return self._fact(term) if special is None else special

    def _fact(self, term: Compare | In) -> ColumnElement[bool]:
        key = self.scope.key_of(term.field)
        if key is None:
            return constant(value=False)
        facts = self.scope.table_of(term.field).alias()
        # One version is asked about at a time: its facts are near, while the index of values is far.
        return self._having(term.field, facts, facts.c.field == key, of_fact(self.scope, term, facts, indexed=False))

    def _valued(self, field: Field) -> ColumnElement[bool]:
        """The field itself has a value."""
        if not is_fact(self.scope, field):
            return self._aliased(constant(value=True)) if field.path[0] == "alias" else constant(value=True)
        key = self.scope.key_of(field)
        if key is None:
            return constant(value=False)
        facts = self.scope.table_of(field).alias()
        return self._having(field, facts, facts.c.field == key)

    def _present(self, field: Field) -> ColumnElement[bool]:
        """The field has a value, or something inside it has."""
        keys = self.scope.keys_below(field)
        if not field.source or not keys:
            return self._valued(field)
        facts = self.scope.table_of(field).alias()
        return self._having(field, facts, facts.c.field.in_(keys))

    def _having(self, field: Field, facts: FromClause, *where: ColumnElement[bool]) -> ColumnElement[bool]:
        if self.scope.target == "versions" and field.source in OF_RUNS:
            edge = edges.alias()
            made = (edge.c.version == self.subject, edge.c.role == "produced", facts.c.subject == edge.c.run)
            return exists().where(*made, *where)
        return exists().where(facts.c.subject == self.subject, *where)

    def _special(self, term: Compare | In) -> ColumnElement[bool] | None:
        """Fields that are no facts: they follow from the project, from memberships, from aliases, from the clock."""
        if is_fact(self.scope, term.field):
            return None
        match term.field.path[0]:
            case "project":
                return constant(value=holds(term, self.scope.project.name, self.scope.now))
            case "collection" | "name":
                return self._in_collections(term)
            case "number":
                return or_(*(_number(memberships.c.number, term, value) for value in _literals(term)))
            case "alias":
                return self._with_alias(term)
            case _:
                return self._in_state(term)

    def _in_collections(self, term: Compare | In) -> ColumnElement[bool]:
        named = collections.c.project == self.scope.project.key
        if isinstance(term, In) or term.operator == "=":
            wanted = [str(value.value)[:NAMES_LIMIT] for value in _literals(term)]
            query = select(collections.c.key).where(named, collections.c.name.in_(_names(wanted)))
            keys = list(self.scope.connection.execute(query).scalars())
        else:
            rows = self.scope.connection.execute(
                select(collections.c.key, collections.c.name).where(named).limit(NAMES_LIMIT)
            )
            keys = [key for key, name in rows if holds(term, name, self.scope.now)]
        # Not the bare column: the database would gather the collection first, and sort all of it.
        return search_dialect.plain_keys(func.coalesce(memberships.c.collection, 0), keys)

    def _with_alias(self, term: Compare | In) -> ColumnElement[bool]:
        if isinstance(term, In) or term.operator == "=":
            return self._aliased(or_(*(_alias(str(value.value)) for value in _literals(term))))
        query = select(aliases.c.key, aliases.c.alias, aliases.c.segment).where(
            aliases.c.project == self.scope.project.key, aliases.c.membership.is_not(None)
        )
        keys = [
            key
            for key, alias, segment in self.scope.connection.execute(query.limit(NAMES_LIMIT))
            if holds(term, f"{alias}/{segment}" if segment else alias, self.scope.now)
        ]
        return self._aliased(search_dialect.plain_keys(aliases.c.key, keys))

    def _aliased(self, where: ColumnElement[bool]) -> ColumnElement[bool]:
        return exists().where(aliases.c.membership == memberships.c.key, where)

    def _in_state(self, term: Compare | In) -> ColumnElement[bool]:
        wanted = [cast(RunState, state) for state in STATES if holds(term, state, self.scope.now)]
        silent = and_(runs.c.state == "running", runs.c.heartbeat_at < self.scope.silent_since)
        stated = [and_(runs.c.state == state, not_(silent)) for state in wanted]
        if "crashed" in wanted:
            stated.append(silent)
        return exists().where(runs.c.key == self.subject, or_(constant(value=False), *stated))


def _literals(term: Compare | In) -> tuple[Literal, ...]:
    return term.values if isinstance(term, In) else (term.value,)


def _names(wanted: list[str]) -> list[str]:
    """Without what is longer than any name: a column refuses such text."""
    return [name for name in wanted if len(name) <= 255]


def _alias(label: str) -> ColumnElement[bool]:
    alias, has_segment, segment = label.partition("/")
    if len(label) > 255:
        return constant(value=False)
    return and_(aliases.c.alias == alias, aliases.c.segment == segment) if has_segment else aliases.c.alias == alias


def _number(column: ColumnElement[int], term: Compare | In, literal: Literal) -> ColumnElement[bool]:
    value: Any = literal.value
    if math.isnan(value):
        return constant(value=False)
    near = min(max(value, -_WIDEST), _WIDEST)  # beyond every number of a version, and within every database's integers
    match "=" if isinstance(term, In) else term.operator:
        case "<":
            return column < near
        case "<=":
            return column <= near
        case ">":
            return column > near
        case ">=":
            return column >= near
        case _:
            return column == near
