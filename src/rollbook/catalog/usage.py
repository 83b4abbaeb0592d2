"""Figures of space, as they were computed for a state of the catalog; derived, so they may be lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from sqlalchemy import Connection, delete, insert, select

from rollbook.catalog.space_schema import space_bases, space_usage

Level = Literal["project", "collection", "version"]


class Figures(NamedTuple):
    """Bytes: of the files, in the store, and of these what nothing else needs."""

    logical: int
    stored: int
    exclusive: int


def computed(connection: Connection, organisation: int) -> tuple[str, int]:
    """For which state of the catalog the figures hold, and when they were computed; ("", 0) where there are none."""
    query = select(space_bases.c.basis, space_bases.c.at).where(space_bases.c.organisation == organisation)
    row = connection.execute(query).one_or_none()
    return (row[0], row[1]) if row is not None else ("", 0)


def keep(
    connection: Connection, organisation: int, basis: str, figures: Mapping[tuple[Level, int], Figures], *, at: int
) -> None:
    """Put these figures in place of those that were kept for the organisation."""
    connection.execute(delete(space_usage).where(space_usage.c.organisation == organisation))
    connection.execute(delete(space_bases).where(space_bases.c.organisation == organisation))
    rows = [
        {"organisation": organisation, "level": level, "target": target, **one._asdict()}
        for (level, target), one in figures.items()
    ]
    if rows:
        connection.execute(insert(space_usage), rows)
    connection.execute(insert(space_bases), {"organisation": organisation, "basis": basis, "at": at})


def of(connection: Connection, organisation: int, level: Level, targets: list[int]) -> dict[int, Figures]:
    """Figures of some projects, collections or memberships, by key."""
    where = (space_usage.c.organisation == organisation, space_usage.c.level == level)
    columns = (space_usage.c.target, space_usage.c.logical, space_usage.c.stored, space_usage.c.exclusive)
    query = select(*columns).where(*where, space_usage.c.target.in_(targets))
    return {row[0]: Figures(row[1], row[2], row[3]) for row in connection.execute(query)}
