"""Runs: start, log, use, end, list. A run that stays silent is seen to have crashed."""

from __future__ import annotations

from typing import Any, cast

from rollbook.app.found import locate_digest
from rollbook.app.paging import PAGE, number_in, word_of
from rollbook.app.register import Register
from rollbook.catalog import Connection, lineage, runs, search_facts
from rollbook.catalog.rows import ProjectRow, RunRow
from rollbook.catalog.runs import RunValues
from rollbook.model import ids
from rollbook.model.canonical import JSON, decode, encode
from rollbook.model.errors import InvalidInput
from rollbook.model.facts import NewRun, RunChanges, RunFacts
from rollbook.model.names import check_tag
from rollbook.model.wire import RunPage, UseDocument

FINISH = "run.finish"
SILENT_AFTER = 5 * 60 * 1_000_000
"""A run that gave no sign of life for this long (microseconds) is taken for crashed."""

_ADJECTIVES = ["bright", "calm", "clear", "eager", "fair", "keen", "kind", "lively", "quiet", "steady", "warm", "wise"]
_NOUNS = [
    "atlas",
    "chalk",
    "compass",
    "essay",
    "ledger",
    "lesson",
    "letter",
    "novel",
    "primer",
    "sketch",
    "slate",
    "sum",
]


def start(register: Register, new: NewRun) -> RunFacts:
    """Begin a run.

    Raises:
        InvalidName: The project's name or a tag is not allowed.
    """
    resource = register.allow("run.write", new.project)
    random = register.random(ids.RANDOM_BYTES)
    short = ids.short_id(random)
    values = RunValues(
        id=register.new_id(),
        short=short,
        name=new.name or f"{_ADJECTIVES[random[0] % 12]}-{_NOUNS[random[1] % 12]}-{short[:4]}",
        job_type=new.job_type,
        group=new.group,
        config=encode(new.config).decode(),
        notes=new.notes,
        tags=tuple(check_tag(tag) for tag in new.tags),
    )
    with register.catalog.write() as connection:
        project = register.ensure_project(connection, new.project)
        row = runs.create(connection, project, values, register.act())
        search_facts.index_run(connection, row, row.started_at)
        register.record(connection, project, "run.start", resource, {"run": row.id})
        return _facts(register, project, row)


def update(register: Register, run: str, project: str, changes: RunChanges) -> RunFacts:
    """Change facts of a run. Its end is audited, with the count of rows that it logged."""
    resource = register.allow("run.write", project, run)
    columns = _columns(changes)
    with register.catalog.write() as connection:
        row = register.project(connection, project)
        found = runs.get(connection, row, run)
        runs.add_tags(connection, found, [check_tag(tag) for tag in changes.tags])
        if changes.state not in (None, "running"):
            details: dict[str, JSON] = {"run": found.id, "state": changes.state, "rows": changes.rows}
            register.record(connection, row, FINISH, resource, details)
        at = register.clock()
        changed = runs.change(connection, found, columns, at)
        if changes.state is not None or changes.config is not None or search_facts.run_is_stale(connection, found, at):
            search_facts.index_run(connection, changed, at)
        return _facts(register, row, changed)


def _columns(changes: RunChanges) -> runs.RunChanges:
    """The changed facts as the catalog keeps them: JSON as canonical text."""
    given: dict[str, Any] = {"state": changes.state, "notes": changes.notes}
    for name in ("config", "summary", "environment", "code"):
        value: JSON = getattr(changes, name)
        given[name] = None if value is None else encode(value).decode()
    return runs.RunChanges(**{name: value for name, value in given.items() if value is not None})


def heartbeat(register: Register, run: str, project: str) -> None:
    """Note that a run still lives."""
    register.allow("run.write", project, run)
    with register.catalog.write() as connection:
        found = runs.get(connection, register.project(connection, project), run)
        runs.heartbeat(connection, found.key, register.clock())


def get(register: Register, run: str, project: str) -> RunFacts:
    """A run by id or short id.

    Raises:
        NotFound: There is none.
    """
    register.allow("run.read", project, run)
    with register.catalog.read() as connection:
        row = register.project(connection, project)
        return _facts(register, row, runs.get(connection, row, run))


def list_runs(
    register: Register,
    project: str,
    *,
    state: str = "",
    job_type: str = "",
    group: str = "",
    tag: str = "",
    after: str | None = None,
    limit: int = PAGE,
) -> RunPage:
    """Runs of a project, newest first, without the bulk of their environments.

    Args:
        register: The register.
        project: Full name of the project.
        state: Only in this state.
        job_type: Only of this job type.
        group: Only of this group.
        tag: Only with this tag.
        after: `next` of the page before.
        limit: Most runs of the page; a page of one state may hold fewer and still not be the last.
    """
    register.allow("run.read", project)
    if state and state not in runs.STATES:
        raise InvalidInput(f"run state {state!r} does not exist", hint=f"one of {', '.join(runs.STATES)}")
    with register.catalog.read() as connection:
        row = register.project(connection, project)
        page = runs.list_page(
            connection,
            row,
            job_type=job_type or None,
            group=group or None,
            tag=tag or None,
            before=number_in(after),
            limit=limit,
        )
    found = (_facts(register, row, item, whole=False) for item in page.items)
    # The state is filtered here: `crashed` is what silence means now, not something that was written down.
    items = tuple(item for item in found if not state or item.state == state)
    return RunPage(items, word_of(page.next))


def use(register: Register, run: str, project: str, used: UseDocument) -> None:
    """Record that a run used a version. What the run made itself is no input of it: lineage would turn in a circle.

    Raises:
        NotFound: Run or version do not exist.
    """
    home = used.project or project
    register.allow("run.write", project, run)
    register.allow("version.read", home, used.collection)
    with register.catalog.write() as connection:
        found = runs.get(connection, register.project(connection, project), run)
        membership = locate_digest(connection, register.project(connection, home), used.version, used.collection)
        made = {edge.version for edge in lineage.of_run(connection, found.key, "produced")}
        if membership.version.key not in made:
            lineage.add_edge(connection, found, membership, "used", reference=used.reference, at=register.clock())


def edges(register: Register, run: str, project: str) -> dict[str, list[str]]:
    """References of what a run used and produced."""
    register.allow("run.read", project, run)
    with register.catalog.read() as connection:
        found = runs.get(connection, register.project(connection, project), run)
        return {
            "used": _names(connection, found, "used"),
            "produced": _names(connection, found, "produced"),
        }


def _names(connection: Connection, run: RunRow, role: Any) -> list[str]:
    from rollbook.catalog import memberships

    keys = [edge.membership for edge in lineage.of_run(connection, run.key, role) if edge.membership is not None]
    return [memberships.by_key(connection, key).name for key in keys]


def listed(register: Register, project: ProjectRow, row: RunRow) -> RunFacts:
    """A run as lists tell of it: without environment and code."""
    return _facts(register, project, row, whole=False)


def _facts(register: Register, project: ProjectRow, row: RunRow, *, whole: bool = True) -> RunFacts:
    silent = row.state == "running" and row.heartbeat_at < register.clock() - SILENT_AFTER
    return RunFacts(
        id=row.id,
        short=row.short,
        project=project.name,
        name=row.name,
        job_type=row.job_type,
        group=row.group,
        state="crashed" if silent else row.state,
        config=cast("dict[str, JSON]", decode(row.config)),
        summary=cast("dict[str, JSON]", decode(row.summary)),
        tags=row.tags,
        notes=row.notes,
        environment=decode(row.environment) if whole else None,
        code=decode(row.code) if whole else None,
        started_at=row.started_at,
        finished_at=row.finished_at,
        heartbeat_at=row.heartbeat_at,
    )
