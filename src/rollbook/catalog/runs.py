"""Runs: what was executed, with which settings, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, get_args

import msgspec
from sqlalchemy import Connection, Select, exists, select, update

from rollbook.catalog.dialect import insert_unless_present
from rollbook.catalog.execution import add, builder, every, first, lock, scope
from rollbook.catalog.paging import Page, check_limit, page
from rollbook.catalog.rows import Act, ProjectRow, RunRow, RunState
from rollbook.catalog.schema import projects, run_tags, runs
from rollbook.model.errors import AlreadyExists, InvalidInput, NotFound

STATES: tuple[str, ...] = get_args(RunState)
_build = builder(RunRow)


class RunValues(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a run that begins; JSON as canonical text."""

    id: str
    short: str
    name: str
    job_type: str = ""
    group: str = ""
    config: str = "{}"
    notes: str = ""
    environment: str = "{}"
    code: str = "{}"
    tags: tuple[str, ...] = ()


class RunChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What changes about a run; a field left out stays as it is."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    job_type: str | msgspec.UnsetType = msgspec.UNSET
    group: str | msgspec.UnsetType = msgspec.UNSET
    state: RunState | msgspec.UnsetType = msgspec.UNSET
    config: str | msgspec.UnsetType = msgspec.UNSET
    summary: str | msgspec.UnsetType = msgspec.UNSET
    notes: str | msgspec.UnsetType = msgspec.UNSET
    environment: str | msgspec.UnsetType = msgspec.UNSET
    code: str | msgspec.UnsetType = msgspec.UNSET


def create(connection: Connection, project: ProjectRow, values: RunValues, act: Act) -> RunRow:
    """Store a run that begins.

    Raises:
        AlreadyExists: The project has a run with this id or short name.
    """
    lock(connection, projects, project.key)
    for name in (values.id, values.short):
        taken = find(connection, project, name)
        if taken is not None:
            raise AlreadyExists(f"run {name!r} exists: {taken.name!r}", hint="choose another id, or resume it")
    columns = msgspec.structs.asdict(values)
    columns |= {"organisation": project.organisation, "project": project.key, "group_name": columns.pop("group")}
    columns |= {"state": "running", "summary": "{}", "created_by": act.actor}
    columns |= {"started_at": act.at, "heartbeat_at": act.at}
    labels = columns.pop("tags")
    key = add(connection, runs, columns)
    created = by_key(connection, key)
    add_tags(connection, created, labels)
    return by_key(connection, key)


def by_key(connection: Connection, key: int) -> RunRow:
    """The run with this key."""
    return _with_tags(connection, every(connection, _query().where(runs.c.key == key), _build))[0]


def by_id(connection: Connection, id: str) -> RunRow:  # noqa: A002
    """The run with this id, whichever project it belongs to.

    Raises:
        NotFound: There is none.
    """
    found = every(connection, _query().where(runs.c.id == id), _build)
    if not found:
        raise NotFound(f"no run {id!r}")
    return _with_tags(connection, found)[0]


def find(connection: Connection, project: ProjectRow, name: str) -> RunRow | None:
    """Find a run by its id or its short name, or None."""
    named = (runs.c.id == name) | (runs.c.short == name)
    found = first(connection, _query().where(runs.c.project == project.key, named), _build)
    return None if found is None else _with_tags(connection, [found])[0]


def get(connection: Connection, project: ProjectRow, name: str) -> RunRow:
    """Find a run by its id or its short name.

    Raises:
        NotFound: There is none.
    """
    found = find(connection, project, name)
    if found is None:
        raise NotFound(f"no run {name!r} in project {project.name!r}", hint="list runs with 'rollbook ls --runs'")
    return found


def change(connection: Connection, run: RunRow, changes: RunChanges, at: int) -> RunRow:
    """Change facts of a run. Leaving the state `running` sets when it finished; coming back clears that.

    Raises:
        InvalidInput: The state does not exist.
    """
    columns: dict[str, Any] = {
        name: value for name, value in msgspec.structs.asdict(changes).items() if value is not msgspec.UNSET
    }
    if "group" in columns:
        columns["group_name"] = columns.pop("group")
    if "state" in columns:
        columns |= _state(columns["state"], at)
    connection.execute(update(runs).where(runs.c.key == run.key).values(columns | {"heartbeat_at": at}))
    return by_key(connection, run.key)


def _state(state: str, at: int) -> dict[str, Any]:
    if state not in STATES:
        raise InvalidInput(f"run state {state!r} does not exist", hint=f"one of {', '.join(STATES)}")
    return {"state": state, "finished_at": None if state == "running" else at}


def heartbeat(connection: Connection, run: int, at: int) -> None:
    """Note that the run with this key still lives."""
    connection.execute(update(runs).where(runs.c.key == run, runs.c.heartbeat_at < at).values(heartbeat_at=at))


def silent(connection: Connection, organisation: int, since: int, *, limit: int = 100) -> tuple[RunRow, ...]:
    """Runs that are said to be running and sent no heartbeat since an instant, the oldest first."""
    where = (runs.c.organisation == organisation, runs.c.state == "running", runs.c.heartbeat_at < since)
    found = every(connection, _query().where(*where).order_by(runs.c.key).limit(check_limit(limit)), _build)
    return _with_tags(connection, found)


def alive_since(connection: Connection, project: int, since: int, *, limit: int) -> dict[str, int]:
    """Ids of runs under way that gave a sign of life after an instant, each with the last one, the oldest first."""
    query = select(runs.c.id, runs.c.heartbeat_at).where(
        runs.c.project == project, runs.c.state == "running", runs.c.heartbeat_at > since
    )
    found = connection.execute(query.order_by(runs.c.heartbeat_at).limit(check_limit(limit)))
    return {row.id: row.heartbeat_at for row in found}


def add_tags(connection: Connection, run: RunRow, labels: Iterable[str]) -> None:
    """Put tags on a run; those that it has stay."""
    for label in labels:
        insert_unless_present(connection, run_tags, scope(run) | {"run": run.key, "tag": label})


def list_page(
    connection: Connection,
    project: ProjectRow,
    *,
    state: RunState | None = None,
    job_type: str | None = None,
    group: str | None = None,
    tag: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Page[RunRow, int]:
    """Runs, the newest first.

    Args:
        connection: The transaction.
        project: Where to look.
        state: Only in this state.
        job_type: Only of this job type.
        group: Only of this group.
        tag: Only with this tag.
        before: The `next` of the page before.
        limit: Rows of the page.
    """
    query = _query().where(runs.c.project == project.key)
    for column, wanted in ((runs.c.state, state), (runs.c.job_type, job_type), (runs.c.group_name, group)):
        if wanted is not None:
            query = query.where(column == wanted)
    if tag is not None:
        query = query.where(exists().where(run_tags.c.run == runs.c.key, run_tags.c.tag == tag))
    if before is not None:
        query = query.where(runs.c.key < before)
    query = query.order_by(runs.c.key.desc()).limit(check_limit(limit) + 1)
    return page(_with_tags(connection, every(connection, query, _build)), limit, lambda run: run.key)


@cache
def _query() -> Select[Any]:
    own = [column.label("group") if column.name == "group_name" else column for column in runs.c]
    return select(*own)


def _with_tags(connection: Connection, found: Sequence[RunRow]) -> tuple[RunRow, ...]:
    keys = [run.key for run in found]
    query = select(run_tags.c.run, run_tags.c.tag).where(run_tags.c.run.in_(keys)).order_by(run_tags.c.tag)
    labels: dict[int, list[str]] = {}
    for run, label in connection.execute(query):
        labels.setdefault(run, []).append(label)
    return tuple(msgspec.structs.replace(run, tags=tuple(labels.get(run.key, ()))) for run in found)
