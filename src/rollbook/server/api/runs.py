"""Runs: begun, changed, found, listed, and what they used."""

from __future__ import annotations

from rollbook.app import runs
from rollbook.model.facts import NewRun, RunChanges, RunFacts
from rollbook.model.wire import NewRunDocument, RunPage, UseDocument
from rollbook.server.api.paths import PROJECT, Limit
from rollbook.server.routes import Call, Routes

routes = Routes("runs")


@routes.add("GET", PROJECT + "/runs", needs="run.read", gives=RunPage)
def list_runs(
    call: Call,
    state: str = "",
    job_type: str = "",
    group: str = "",
    tag: str = "",
    after: str | None = None,
    limit: Limit = 100,
) -> RunPage:
    """Runs, newest first, without their environments and code."""
    return runs.list_runs(
        call.register, call.project, state=state, job_type=job_type, group=group, tag=tag, after=after, limit=limit
    )


@routes.add("POST", PROJECT + "/runs", needs="run.write", takes=NewRunDocument, gives=RunFacts)
def start_run(call: Call) -> RunFacts:
    """Begin a run; the project is made where it is not there."""
    sent: NewRunDocument = call.body
    new = NewRun(
        project=call.project,
        name=sent.name,
        job_type=sent.job_type,
        group=sent.group,
        config=sent.config,
        tags=sent.tags,
        notes=sent.notes,
    )
    return call.once(lambda register: runs.start(register, new))


@routes.add("GET", PROJECT + "/run", needs="run.read", gives=RunFacts)
def read_run(call: Call, name: str) -> RunFacts:
    """A run by its id or short id."""
    return runs.get(call.register, name, call.project)


@routes.add("PATCH", PROJECT + "/runs/{run}", needs="run.write", takes=RunChanges, gives=RunFacts)
def update_run(call: Call, run: str) -> RunFacts:
    """Change facts of a run."""
    return call.once(lambda register: runs.update(register, run, call.project, call.body))


@routes.add("POST", PROJECT + "/runs/{run}/heartbeat", needs="run.write")
def send_heartbeat(call: Call, run: str) -> None:
    """Say that a run lives."""
    runs.heartbeat(call.register, run, call.project)


@routes.add("GET", PROJECT + "/runs/{run}/edges", needs="run.read", gives=dict[str, list[str]])
def read_edges(call: Call, run: str) -> dict[str, list[str]]:
    """References of what a run `used` and `produced`."""
    return runs.edges(call.register, run, call.project)


@routes.add("POST", PROJECT + "/runs/{run}/uses", needs="run.write", takes=UseDocument)
def add_use(call: Call, run: str) -> None:
    """Record that a run uses a version."""
    used: UseDocument = call.body
    runs.use(call.register, run, call.project, used)
