"""The dialect seam of search: what SQLite and PostgreSQL spell differently in conditions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Connection, Text, any_, bindparam, func, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from rollbook.catalog.dialect import is_sqlite
from rollbook.catalog.search_patterns import matches as matches_text

_MATCHES = "rollbook_matches"


def prepare(connection: Connection) -> bool:
    """Let a connection match patterns itself, where its database can be taught to.

    Returns:
        Whether it can; elsewhere Python looks at the values first.
    """
    if not is_sqlite(connection):
        return False
    driver: Any = connection.connection.driver_connection
    driver.create_function(_MATCHES, 2, matches_text, deterministic=True)
    return True


class _Contains(FunctionElement[bool]):
    """Whether a text holds another, letter by letter."""

    inherit_cache = True
    type = Boolean()


@compiles(_Contains, "sqlite")
def _contains_in_sqlite(element: _Contains, compiler: Any, **options: Any) -> str:
    return f"(instr({compiler.process(element.clauses, **options)}) > 0)"


@compiles(_Contains)
def _contains_elsewhere(element: _Contains, compiler: Any, **options: Any) -> str:
    return f"(strpos({compiler.process(element.clauses, **options)}) > 0)"


def contains(text: ColumnElement[str], wanted: str) -> ColumnElement[bool]:
    """Whether a text holds another; capitals count."""
    return _Contains(text, literal(wanted))


def matches(text: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    """Whether a text holds a match of a pattern (RE2), on a connection that was prepared for it."""
    return getattr(func, _MATCHES)(literal(pattern), text) == 1


def any_of(column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
    """Whether a column holds one of any number of texts. PostgreSQL takes them as one array."""
    from sqlalchemy.dialects.postgresql import ARRAY

    return column == any_(bindparam(None, list(values), type_=ARRAY(Text())))


def plain_keys(column: ColumnElement[int], keys: Sequence[int]) -> ColumnElement[bool]:
    """Whether a column holds one of any number of keys. They are written into the statement: they are integers."""
    return column.in_(bindparam(None, [int(key) for key in keys], expanding=True, literal_execute=True))
