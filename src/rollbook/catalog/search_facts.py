"""Facts: what is searched, written in the transaction that changes what they are derived from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Literal, NamedTuple, cast

from sqlalchemy import Connection, Table, delete, insert, select

from rollbook.catalog.dialect import insert_unless_present
from rollbook.catalog.execution import InProject, scope
from rollbook.catalog.rows import RunRow, VersionRow
from rollbook.catalog.schema import notes
from rollbook.catalog.search_schema import run_facts, search_fields, version_facts
from rollbook.model.canonical import JSON, decode
from rollbook.model.query.ranks import MAX_FACTS, WHOLE_TEXT, Fact, facts_of, rank, rank_of_instant

FieldSource = Literal["version", "run", "metadata", "config", "summary"]
"""Where a field's values come from; built-in fields of versions and of runs are `version` and `run`."""

CUT = ""
"""The path of the field that marks what has more values than search keeps."""

REFRESH_MICROSECONDS = 5_000_000
_OF_VERSIONS: tuple[FieldSource, ...] = ("version", "metadata")
_OF_RUNS: tuple[FieldSource, ...] = ("run", "config", "summary")
_MAX_FIELD_BATCH = 500


class _Found(NamedTuple):
    """The facts of one version or run, by where they come from."""

    subject: int
    facts: Mapping[FieldSource, list[Fact]]


def index_versions(connection: Connection, found: Sequence[VersionRow]) -> None:
    """Write the facts of versions of one project: what they are, their metadata, and the notes that stand now."""
    if found:
        standing = _standing(connection, [version.key for version in found])
        written = [_of_version(version, standing.get(version.key, {})) for version in found]
        _replace(connection, version_facts, found[0], written)


def index_version(connection: Connection, version: VersionRow) -> None:
    """Write the facts of one version."""
    index_versions(connection, [version])


def _of_version(version: VersionRow, standing: Mapping[str, list[str]]) -> _Found:
    texts: dict[str, Iterable[str]] = {
        "type": [version.type],
        "data_class": [version.data_class],
        "created_by": [version.created_by],
        "tag": standing.get("tag", []),
        "description": standing.get("description", []),
    }
    own = [fact for path, values in texts.items() for fact in _texts(path, values)]
    own.append(Fact("created", 0, rank_of_instant(version.created_at)))
    own += [Fact("size", 0, rank(version.size)), Fact("files", 0, rank(version.file_count))]
    documents = [_document(text) for text in (version.metadata, *standing.get("metadata", []))]
    return _Found(version.key, {"version": own, "metadata": _facts_of(documents)})


def _standing(connection: Connection, keys: Sequence[int]) -> dict[int, dict[str, list[str]]]:
    """Values of the notes that stand now, by version and kind."""
    query = select(notes.c.version, notes.c.kind, notes.c.value).where(
        notes.c.version.in_(keys), notes.c.removed_at.is_(None)
    )
    found: dict[int, dict[str, list[str]]] = {}
    for version, kind, value in connection.execute(query.order_by(notes.c.key)):
        found.setdefault(version, {}).setdefault(kind, []).append(value)
    return found


def index_run(connection: Connection, run: RunRow, at: int) -> None:
    """Write the facts of a run as it is now."""
    texts: dict[str, Iterable[str]] = {
        "id": [run.id, run.short],
        "name": [run.name],
        "job_type": [run.job_type],
        "group": [run.group],
        "created_by": [run.created_by],
        "description": [run.notes],
        "tag": run.tags,
    }
    own = [fact for path, values in texts.items() for fact in _texts(path, values)]
    instants = {"created": run.started_at, "finished": run.finished_at, "updated": at}
    own += [Fact(path, 0, rank_of_instant(value)) for path, value in instants.items() if value is not None]
    found: dict[FieldSource, list[Fact]] = {
        "run": own,
        "config": _facts_of([_document(run.config)]),
        "summary": _facts_of([_document(run.summary)]),
    }
    _replace(connection, run_facts, run, [_Found(run.key, found)])


def run_is_stale(connection: Connection, run: RunRow, at: int) -> bool:
    """Whether a run's facts were written so long ago that a change of its summary is worth another writing."""
    query = (
        select(run_facts.c.rank)
        .join(search_fields, run_facts.c.field == search_fields.c.key)
        .where(search_fields.c.project == run.project, search_fields.c.source == "run")
        .where(search_fields.c.path == "updated", run_facts.c.subject == run.key)
    )
    written = connection.execute(query).scalar_one_or_none()
    return written is None or written <= rank_of_instant(at - REFRESH_MICROSECONDS)


def _texts(path: str, values: Iterable[str]) -> list[Fact]:
    """Facts of texts; "" is no value of a built-in field."""
    given = [value for value in values if value][:MAX_FACTS]
    return [
        Fact(path, position, rank(value), value if len(value) > WHOLE_TEXT else None)
        for position, value in enumerate(given)
    ]


def _document(text: str) -> Mapping[str, JSON]:
    value = decode(text)
    return cast("Mapping[str, JSON]", value) if isinstance(value, dict) else {}


def _facts_of(documents: list[Mapping[str, JSON]]) -> list[Fact]:
    found, whole = facts_of(*documents)
    return found if whole else [*found, Fact(CUT, 0, rank(None))]


def _replace(connection: Connection, table: Table, project: InProject, found: Sequence[_Found]) -> None:
    sources = _OF_VERSIONS if table is version_facts else _OF_RUNS
    own_fields = select(search_fields.c.key).where(
        search_fields.c.project == project.project, search_fields.c.source.in_(sources)
    )
    subjects = [item.subject for item in found]
    connection.execute(delete(table).where(table.c.field.in_(own_fields), table.c.subject.in_(subjects)))
    named: set[tuple[FieldSource, str]] = {
        (source, fact.path) for item in found for source, facts in item.facts.items() for fact in facts
    }
    keys = _ensure_fields(connection, project, named)
    rows = [
        {"field": keys[source, fact.path], "subject": item.subject, "position": fact.position}
        | {"rank": fact.rank, "text": fact.text}
        | scope(project)
        for item in found
        for source, facts in item.facts.items()
        for fact in facts
    ]
    connection.execute(insert(table), rows)


def _ensure_fields(
    connection: Connection, project: InProject, named: AbstractSet[tuple[FieldSource, str]]
) -> dict[tuple[FieldSource, str], int]:
    """Keys of fields, made where they are not there. In order, so that two writers never wait in a circle."""
    keys = _field_keys(connection, project, named)
    missing = named - set(keys)
    for source, path in sorted(missing):
        insert_unless_present(connection, search_fields, scope(project) | {"source": source, "path": path})
    return keys | _field_keys(connection, project, missing) if missing else keys


def _field_keys(
    connection: Connection, project: InProject, named: AbstractSet[tuple[FieldSource, str]]
) -> dict[tuple[FieldSource, str], int]:
    wanted, found = sorted({path for _, path in named}), dict[tuple[FieldSource, str], int]()
    for start in range(0, len(wanted), _MAX_FIELD_BATCH):
        query = select(search_fields.c.source, search_fields.c.path, search_fields.c.key).where(
            search_fields.c.project == project.project,
            search_fields.c.path.in_(wanted[start : start + _MAX_FIELD_BATCH]),
        )
        found.update(((source, path), key) for source, path, key in connection.execute(query))
    return found
