"""What the conditions of one search in one project share: fields by path, lineage that was walked, the instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, Table, and_, or_, select

from rollbook.catalog.rows import ProjectRow
from rollbook.catalog.search_facts import CUT, FieldSource
from rollbook.catalog.search_schema import run_facts, search_fields, version_facts
from rollbook.model.query.fields import BUILT_IN, OF_RUNS, Target
from rollbook.model.query.ranks import MAX_PATH
from rollbook.model.query.tree import Field, Related


@dataclass(frozen=True)
class SearchScope:
    """One project, one target.

    Attributes:
        connection: The transaction.
        project: Where to look.
        target: What to look for.
        now: UTC microseconds.
        silent_since: A running run that gave no sign of life since then has crashed.
        related: Keys of versions or runs that each lineage term stands for.
        warnings: What a reader must know; terms add to it.
        can_match: Whether the database can match patterns itself.
        fields: Key of every field that the query asks for and the project has.
    """

    connection: Connection
    project: ProjectRow
    target: Target
    now: int
    silent_since: int
    related: Mapping[Related, frozenset[int]]
    warnings: list[str]
    can_match: bool
    fields: dict[tuple[FieldSource, str], int] = field(default_factory=dict[tuple[FieldSource, str], int])

    @property
    def table(self) -> Table:
        """Facts of the target itself."""
        return version_facts if self.target == "versions" else run_facts

    def table_of(self, asked: Field) -> Table:
        """Facts that hold a field: those of versions, or those of the runs that made them."""
        return run_facts if asked.source in OF_RUNS else self.table

    def key_of(self, asked: Field) -> int | None:
        """Key of a field, or None where nothing in the project has it."""
        return self.fields.get((self.source_of(asked), asked.spelled))

    def keys_below(self, asked: Field) -> list[int]:
        """Keys of a field and of all fields inside it."""
        source, prefix = self.source_of(asked), asked.spelled
        if len(prefix) >= MAX_PATH:
            return []
        query = select(search_fields.c.key).where(
            search_fields.c.project == self.project.key,
            search_fields.c.source == source,
            or_(
                search_fields.c.path == prefix,
                # `/` is the letter after `.`: everything between begins with the prefix and a dot.
                and_(search_fields.c.path > f"{prefix}.", search_fields.c.path < f"{prefix}/"),
            ),
        )
        return list(self.connection.execute(query.order_by(search_fields.c.key)).scalars())

    def source_of(self, asked: Field) -> FieldSource:
        """Where the values of a field come from."""
        return asked.source or ("version" if self.target == "versions" else "run")

    def load(self, asked: Iterable[Field]) -> None:
        """Find the keys of fields, and of the field that everything of the target has."""
        wanted = {(self.source_of(item), item.spelled) for item in asked} | {(self.source_of(ALWAYS), ALWAYS.spelled)}
        paths = sorted({path for _, path in wanted if len(path) <= MAX_PATH})
        query = select(search_fields.c.source, search_fields.c.path, search_fields.c.key).where(
            search_fields.c.project == self.project.key, search_fields.c.path.in_(paths)
        )
        for source, path, key in self.connection.execute(query):
            self.fields[source, path] = key

    def is_cut(self) -> bool:
        """Whether something in the project has more values than search keeps."""
        query = select(search_fields.c.key).where(
            search_fields.c.project == self.project.key, search_fields.c.path == CUT
        )
        return self.connection.execute(query.limit(1)).first() is not None


ALWAYS = Field("", ("created",))
"""A built-in field that every version and every run has."""


def is_fact(scope: SearchScope, asked: Field) -> bool:
    """Whether the values of a field stand among the facts."""
    return bool(asked.source) or BUILT_IN[scope.target][asked.path[0]].stored
