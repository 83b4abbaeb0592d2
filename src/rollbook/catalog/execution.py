"""The few ways in which queries run: add a row, read one, read all, lock one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Executable, RowMapping, Table, insert, select

T = TypeVar("T")


class InProject(Protocol):
    """Any row of a project."""

    @property
    def organisation(self) -> int:
        """Key of the organisation."""
        ...

    @property
    def project(self) -> int:
        """Key of the project."""
        ...


def add(connection: Connection, table: Table, values: dict[str, Any]) -> int:
    """Insert a row and return its key."""
    key: Any = connection.execute(insert(table), values).inserted_primary_key
    return int(key[0])


def first(connection: Connection, query: Executable, build: Callable[[RowMapping], T]) -> T | None:
    """The only row of a result as a value, or None."""
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else build(row)


def every(connection: Connection, query: Executable, build: Callable[[RowMapping], T]) -> tuple[T, ...]:
    """Every row of a result as a value."""
    return tuple(build(row) for row in connection.execute(query).mappings())


def builder(kind: Callable[..., T]) -> Callable[[RowMapping], T]:
    """Build values whose fields are named as the columns are."""
    return lambda row: kind(**{str(name): value for name, value in row.items()})


def lock(connection: Connection, table: Table, key: int) -> None:
    """Make other writers of this row wait until the transaction ends. SQLite's writers wait for each other anyway.

    Every insert that refers to a row holds its key (`FOR KEY SHARE`) to the end of its transaction. `FOR UPDATE` would
    wait for all of these, and two writers that both inserted before they lock would wait for each other.
    """
    connection.execute(select(table.c.key).where(table.c.key == key).with_for_update(key_share=True)).one()


def scope(row: InProject) -> dict[str, Any]:
    """Organisation and project of a row, for the rows that belong to it."""
    return {"organisation": row.organisation, "project": row.project}
