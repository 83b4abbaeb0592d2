"""Jobs: housekeeping that runs on schedules, one at a time across all processes of a register."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from rollbook.app import collect, retention, transfer
from rollbook.app.register import LOCAL, Register
from rollbook.catalog import jobs
from rollbook.catalog.jobs import JobRow
from rollbook.model.canonical import encode
from rollbook.model.document import to_document
from rollbook.model.errors import InvalidInput, RollbookError
from rollbook.model.space import HOUR, Collected, JobFacts

LEASE = HOUR
"""A worker that says nothing for so long is taken for dead, and its job is taken over."""
OVERDUE = 6 * HOUR


class Kind(NamedTuple):
    """A kind of job.

    Attributes:
        every: Microseconds between two runs.
        run: Does it, and returns what is to be kept of how it went.
    """

    every: int
    run: Callable[[Register], object]


def _collect(register: Register) -> Collected:
    # Which packs it was stays out of the record: there may be thousands.
    from msgspec.structs import replace

    return replace(collect.collect(register), verdicts=())


KINDS: Mapping[str, Kind] = {
    "retention": Kind(24 * HOUR, retention.apply_everywhere),
    "collect": Kind(6 * HOUR, _collect),
    "uploads": Kind(HOUR, transfer.forget_expired),
}
"""What there is to do. A server adds its own kinds to it when it starts."""


def plan(register: Register, kinds: Mapping[str, Kind] = KINDS) -> None:
    """Plan every kind that is not planned yet. The first run comes one period from now."""
    at = register.clock()
    with register.catalog.write() as connection:
        for name, kind in kinds.items():
            jobs.ensure(connection, name, run_at=at + kind.every, every=kind.every)


def run_due(register: Register, owner: str, kinds: Mapping[str, Kind] = KINDS) -> list[JobFacts]:
    """Run every job that is due and free, and return how they went.

    Args:
        register: The register, as the server itself sees it.
        owner: A name for this worker that no other has.
        kinds: What it knows to do; jobs of other kinds are left to others.
    """
    done: list[JobFacts] = []
    with register.catalog.read() as connection:
        found = [job for job in jobs.due(connection, at=register.clock()) if job.kind in kinds]
    for job in found:
        went = _run(register, job, owner, kinds)
        if went is not None:
            done.append(went)
    return done


def run_now(register: Register, name: str, owner: str, kinds: Mapping[str, Kind] = KINDS) -> JobFacts:
    """Run one job at once, whenever it is due.

    Raises:
        InvalidInput: There is no such kind, or somebody is at it.
    """
    register.allow("space.collect", LOCAL)
    if name not in kinds:
        raise InvalidInput(f"there is no job {name!r}", hint=f"one of {', '.join(sorted(kinds))}")
    with register.catalog.write() as connection:
        job = jobs.ensure(connection, name, run_at=register.clock(), every=kinds[name].every)
    went = _run(register, job, owner, kinds)
    if went is None:
        raise InvalidInput(f"job {name!r} is being run by {job.owner or 'somebody else'}", hint="wait for it")
    return went


def list_jobs(register: Register) -> list[JobFacts]:
    """Every job, by kind."""
    register.allow("space.read", LOCAL)
    with register.catalog.read() as connection:
        return [_facts(job) for job in jobs.list_all(connection)]


def overdue(register: Register) -> list[JobFacts]:
    """Jobs that nobody has run for hours after they were due, or that failed last."""
    at = register.clock()
    with register.catalog.read() as connection:
        found = [_facts(job) for job in jobs.list_all(connection)]
    return [job for job in found if job.last_error or job.run_at + OVERDUE < at]


def _run(register: Register, job: JobRow, owner: str, kinds: Mapping[str, Kind]) -> JobFacts | None:
    at = register.clock()
    with register.catalog.write() as connection:
        mine = jobs.claim(connection, job, owner, at=at, until=at + LEASE)
    if mine is None:
        return None
    try:
        result = encode(to_document(kinds[mine.kind].run(register))).decode()
    except RollbookError as error:
        with register.catalog.write() as connection:
            jobs.fail(connection, mine, at=register.clock(), error=str(error))
    except BaseException as error:
        with register.catalog.write() as connection:
            jobs.fail(connection, mine, at=register.clock(), error=repr(error))
        raise
    else:
        with register.catalog.write() as connection:
            jobs.finish(connection, mine, at=register.clock(), result=result)
    with register.catalog.read() as connection:
        found = jobs.find(connection, mine.kind, mine.subject)
    return _facts(found) if found is not None else None


def _facts(job: JobRow) -> JobFacts:
    return JobFacts(
        kind=job.kind,
        subject=job.subject,
        run_at=job.run_at,
        owner=job.owner,
        attempts=job.attempts,
        started_at=job.started_at,
        finished_at=job.finished_at,
        last_error=job.last_error,
        result=job.result,
    )
