"""The values of the columns that a search was asked to show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from rollbook.catalog import Connection, notes, runs
from rollbook.catalog.rows import MembershipRow
from rollbook.model import instant
from rollbook.model.canonical import JSON, decode
from rollbook.model.facts import RunFacts, VersionFacts
from rollbook.model.query.tree import Field


def version_cells(
    connection: Connection, columns: Sequence[Field], rows: Sequence[MembershipRow], facts: Sequence[VersionFacts]
) -> tuple[tuple[JSON, ...], ...]:
    """One row of cells per version; config and summary are those of the run that first made it."""
    sources = {column.source for column in columns}
    return tuple(
        _cells(columns, _built_in(version), _documents(connection, sources, row))
        for row, version in zip(rows, facts, strict=True)
    )


def run_cells(columns: Sequence[Field], facts: Sequence[RunFacts]) -> tuple[tuple[JSON, ...], ...]:
    """One row of cells per run."""
    return tuple(
        _cells(columns, _built_in_run(run), {"config": [run.config], "summary": [run.summary]}) for run in facts
    )


def _documents(connection: Connection, sources: set[Any], row: MembershipRow) -> dict[str, list[JSON]]:
    found: dict[str, list[JSON]] = {}
    if "metadata" in sources:
        later = [note.value for note in notes.later_metadata(connection, row.version)]
        found["metadata"] = [decode(text) for text in (row.version.metadata, *later)]
    if sources & {"config", "summary"} and row.version.run:
        run = runs.by_id(connection, row.version.run)
        found |= {"config": [decode(run.config)], "summary": [decode(run.summary)]}
    return found


def _cells(columns: Sequence[Field], own: Mapping[str, JSON], documents: Mapping[str, list[JSON]]) -> tuple[JSON, ...]:
    return tuple(
        own.get(column.path[0])
        if not column.source
        else _cell([value for document in documents.get(column.source, ()) for value in _inside(document, column.path)])
        for column in columns
    )


def _cell(values: list[JSON]) -> JSON:
    return None if not values else values[0] if len(values) == 1 else values


def _inside(value: JSON, path: tuple[str, ...]) -> Iterator[JSON]:
    """What a path leads to; through a list it leads to something in each item."""
    if isinstance(value, list):
        for item in cast("list[JSON]", value):
            yield from _inside(item, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _inside(value[path[0]], path[1:])


def _built_in(version: VersionFacts) -> dict[str, JSON]:
    return {
        "alias": list(version.aliases) or None,
        "collection": version.collection,
        "created": instant.to_text(version.created_at),
        "created_by": version.created_by,
        "data_class": version.data_class,
        "description": version.description or None,
        "files": version.file_count,
        "name": version.collection,
        "number": version.number,
        "project": version.project,
        "size": version.size,
        "tag": list(version.tags) or None,
        "type": version.type,
    }


def _built_in_run(run: RunFacts) -> dict[str, JSON]:
    return {
        "created": instant.to_text(run.started_at),
        "description": run.notes or None,
        "finished": instant.to_text(run.finished_at) if run.finished_at is not None else None,
        "group": run.group or None,
        "id": run.short,
        "job_type": run.job_type or None,
        "name": run.name,
        "project": run.project,
        "state": run.state,
        "tag": list(run.tags) or None,
    }
