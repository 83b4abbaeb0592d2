"""Tests of single values: what `<`, `contains` or `~` asks of a fact or of a plain text, in SQL and in Python."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping

from sqlalchemy import ColumnElement, FromClause, and_, false, func, or_, select, true

from rollbook.catalog import search_dialect
from rollbook.catalog.search_patterns import compiled, matches
from rollbook.catalog.search_scope import SearchScope
from rollbook.model.query.ranks import Span, kind_bounds, rank, span
from rollbook.model.query.tree import Compare, In, Literal, Operator

PATTERN_VALUES = 100_000
"""Most different values of a field that a pattern is tried on, where the database cannot try it itself."""

_TEXT = kind_bounds("t")
_PLAIN = re.compile(r"[\w \-:/@,;=]+")
"""A pattern that matches itself alone: to look for text is faster than to match."""


def ranked(comparison: Operator, literal: Literal, now: int, column: ColumnElement[str]) -> ColumnElement[bool]:
    """An ordering or an equality, as a condition on a rank. Values of another kind never fulfil it."""
    wanted = span(literal, now)
    kind = kind_bounds(wanted.low)
    match comparison:
        case "<":
            return and_(column >= kind.low, column < wanted.low)
        case "<=":
            return and_(column >= kind.low, column <= wanted.high)
        case ">":
            return and_(column > wanted.high, column < kind.high)
        case ">=":
            return and_(column >= wanted.low, column < kind.high)
        case _:
            return _equal(wanted, column)


def among(literals: tuple[Literal, ...], now: int, column: ColumnElement[str]) -> ColumnElement[bool]:
    """Equality with any of several."""
    spans = [span(literal, now) for literal in literals]
    single = [each.low for each in spans if each.low == each.high]
    days = [_equal(each, column) for each in spans if each.low != each.high]
    return or_(*days, column.in_(single)) if single else or_(*days)


def _equal(wanted: Span, column: ColumnElement[str]) -> ColumnElement[bool]:
    return column == wanted.low if wanted.low == wanted.high else and_(column >= wanted.low, column <= wanted.high)


def of_fact(scope: SearchScope, term: Compare | In, facts: FromClause, *, indexed: bool = True) -> ColumnElement[bool]:
    """What a term asks of a fact.

    Args:
        scope: The search.
        term: The term; of `!=` what is tested is `=`.
        facts: The facts, under the name that they have in the statement.
        indexed: False to keep the database from looking the value up, where the facts are read in another order.
    """
    column: ColumnElement[str] = facts.c["rank"] if indexed else func.coalesce(facts.c["rank"], "")
    if isinstance(term, In):
        return among(term.values, scope.now, column)
    if term.operator not in ("contains", "~"):
        return ranked(term.operator, term.value, scope.now, column)
    text = func.coalesce(facts.c.text, func.substr(facts.c["rank"], 2))
    wanted = str(term.value.value)
    is_text = and_(column >= _TEXT.low, column < _TEXT.high)
    if term.operator == "contains" or _PLAIN.fullmatch(wanted):
        return and_(is_text, search_dialect.contains(text, wanted))
    compiled(wanted)
    if scope.can_match:
        return and_(is_text, search_dialect.matches(text, wanted))
    return and_(is_text, search_dialect.any_of(facts.c["rank"], _matching(scope, term, wanted)))


def _matching(scope: SearchScope, term: Compare, pattern: str) -> list[str]:
    """Ranks of a field's texts that match, for a database that has no linear-time matching of its own."""
    key = scope.key_of(term.field)
    if key is None:
        return []
    table = scope.table_of(term.field)
    text = func.coalesce(table.c.text, func.substr(table.c["rank"], 2))
    where = (table.c.field == key, table.c["rank"] >= _TEXT.low, table.c["rank"] < _TEXT.high)
    query = select(table.c["rank"], func.min(text)).where(*where).group_by(table.c["rank"]).order_by(table.c["rank"])
    found = scope.connection.execute(query.limit(PATTERN_VALUES + 1)).all()
    if len(found) > PATTERN_VALUES:
        scope.warnings.append(f"~ looked at the first {PATTERN_VALUES:,} different values of {term.field} alone")
    return [each for each, value in found[:PATTERN_VALUES] if matches(pattern, value)]


_ORDERS: Mapping[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(term: Compare | In, text: str, now: int) -> bool:
    """Whether a plain text (a collection's name, an alias, a state) fulfils a term."""
    if isinstance(term, In):
        return any(span(literal, now).low == rank(text) for literal in term.values)
    if term.operator == "contains":
        return str(term.value.value) in text
    if term.operator == "~":
        return matches(str(term.value.value), text)
    return _ORDERS[term.operator](rank(text), span(term.value, now).low)


def constant(value: bool) -> ColumnElement[bool]:  # noqa: FBT001 - its only argument
    """A condition that is the same for every row."""
    return true() if value else false()
