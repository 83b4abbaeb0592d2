"""Everything that a catalog holds, moved to another: every table of the schema, whoever added it, keys as they are.

Tables are copied in the order of their references, rows in the order of their keys, in batches. The copy is one
transaction of the target: it is all there or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, cast

from sqlalchemy import Connection, Table, exists, insert, select, update

from rollbook.catalog.declared import metadata
from rollbook.catalog.dialect import continue_counting
from rollbook.catalog.schema import organisations, projects
from rollbook.model.digest import Digest
from rollbook.model.errors import AlreadyExists, NotFound

BATCH_ROWS = 500
Fingerprint = Mapping[str, tuple[int, str]]
"""Table -> count of its rows, and a digest over all of them."""


def copy(source: Connection, target: Connection, progress: Callable[[int], None]) -> Fingerprint:
    """Copy every row into a catalog that has none.

    Args:
        source: A reading transaction, which sees one moment.
        target: A writing transaction of a catalog of the same schema.
        progress: Called with the number of rows copied since the last call.

    Returns:
        What was copied; compare it with the target's `fingerprint` once that is committed.

    Raises:
        AlreadyExists: The target holds rows.
    """
    if not is_empty(target):
        raise AlreadyExists("the target's catalog holds a register already", hint="name an empty one")
    copied: dict[str, tuple[int, str]] = {}
    for table in metadata.sorted_tables:
        seen = _Tally()
        for batch in _batches(source, table):
            target.execute(insert(table), batch)
            seen.take(batch)
            progress(len(batch))
        copied[table.name] = seen.outcome()
    continue_counting(target, metadata.sorted_tables)
    return copied


def fingerprint(connection: Connection) -> Fingerprint:
    """Count and digest of every table's rows."""
    found: dict[str, tuple[int, str]] = {}
    for table in metadata.sorted_tables:
        seen = _Tally()
        for batch in _batches(connection, table):
            seen.take(batch)
        found[table.name] = seen.outcome()
    return found


def is_empty(connection: Connection) -> bool:
    """Whether nobody has put anything into the catalog yet."""
    return not any(connection.execute(select(exists().select_from(table))).scalar() for table in metadata.sorted_tables)


def names_of_organisations(connection: Connection) -> tuple[str, ...]:
    """Every organisation, by name."""
    return tuple(connection.execute(select(organisations.c.name).order_by(organisations.c.name)).scalars())


def names_with_projects(connection: Connection) -> tuple[str, ...]:
    """Every organisation that has projects, by name."""
    joined = organisations.join(projects, projects.c.organisation == organisations.c.key)
    return tuple(connection.execute(select(organisations.c.name).select_from(joined).distinct()).scalars())


def rename(connection: Connection, organisation: str, name: str) -> int:
    """Give an organisation another name, and return its key; an organisation that has that name gets the old one.

    What the audit log says of the past stays as it is.

    Raises:
        NotFound: There is no such organisation.
    """
    found = _key_of(connection, organisation)
    if found is None:
        raise NotFound(f"no organisation {organisation!r}")
    other = _key_of(connection, name)
    for key, new in ((other, f"{name}~"), (found, name), (other, organisation)):
        if key is not None:
            connection.execute(update(organisations).where(organisations.c.key == key).values(name=new))
    return found


def _key_of(connection: Connection, name: str) -> int | None:
    return connection.execute(select(organisations.c.key).where(organisations.c.name == name)).scalar()


class _Tally:
    """Counts rows and digests them, column by column in the order of the schema."""

    def __init__(self) -> None:
        self._rows = 0
        self._digest = hashlib.sha256()

    def take(self, batch: Sequence[Mapping[str, Any]]) -> None:
        for row in batch:
            self._rows += 1
            for value in row.values():
                part = _bytes(value)
                self._digest.update(len(part).to_bytes(8, "little"))
                self._digest.update(part)

    def outcome(self) -> tuple[int, str]:
        return self._rows, self._digest.hexdigest()


def _bytes(value: Any) -> bytes:
    """A value with its kind: equal bytes mean equal values on either database."""
    if isinstance(value, bytes | bytearray | memoryview):
        return b"b" + bytes(cast("bytes", value))
    if isinstance(value, str | Digest):
        return b"s" + str(value).encode()
    return f"{type(value).__name__} {value!r}".encode()


def _batches(connection: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    query = select(table).order_by(*table.primary_key.columns)
    rows = connection.execution_options(yield_per=BATCH_ROWS).execute(query).mappings()
    try:
        found = (dict(row) for row in rows)
        while batch := [_plain(row) for row in islice(found, BATCH_ROWS)]:
            yield batch
    finally:
        rows.close()


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}
