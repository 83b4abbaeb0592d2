"""Jobs: what is to be done again and again, and who is at it. A claim is a compare-and-swap with a lease.

Whoever claims a job gets a number, its fence. An answer counts only with the fence of the last claim, so that somebody
who was taken for dead and comes back changes nothing.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import ColumnElement, Connection, or_, select, update

from rollbook.catalog.dialect import insert_unless_present
from rollbook.catalog.execution import builder, every, first
from rollbook.catalog.space_schema import jobs

FIRST_PAUSE = 60 * 1_000_000
LONGEST_PAUSE = 6 * 3600 * 1_000_000
_MOST = 1000
_ERROR_LIMIT = 2000


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """A job. `every` is None for one that is done once; `owner` is "" and `until` None while nobody is at it."""

    key: int
    kind: str
    subject: str
    run_at: int
    every: int | None
    owner: str
    until: int | None
    fence: int
    attempts: int
    started_at: int | None
    finished_at: int | None
    last_error: str
    result: str


_job = builder(JobRow)


def ensure(connection: Connection, kind: str, subject: str = "", *, run_at: int, every: int | None) -> JobRow:
    """Find a job, or plan it. One that is planned already keeps its time, and runs as often as is said now."""
    values = {"kind": kind, "subject": subject, "run_at": run_at, "every": every, "owner": "", "fence": 0}
    values |= {"attempts": 0, "last_error": "", "result": ""}
    insert_unless_present(connection, jobs, values)
    where = (jobs.c.kind == kind, jobs.c.subject == subject)
    connection.execute(update(jobs).where(*where, jobs.c.every.is_distinct_from(every)).values(every=every))
    found = find(connection, kind, subject)
    assert found is not None
    return found


def find(connection: Connection, kind: str, subject: str = "") -> JobRow | None:
    """A job by name, or None."""
    return first(connection, select(jobs).where(jobs.c.kind == kind, jobs.c.subject == subject), _job)


def list_all(connection: Connection) -> tuple[JobRow, ...]:
    """Every job, by kind and subject; at most 1,000."""
    return every(connection, select(jobs).order_by(jobs.c.kind, jobs.c.subject).limit(_MOST), _job)


def due(connection: Connection, *, at: int, limit: int = 100) -> tuple[JobRow, ...]:
    """Jobs that somebody should take now, the longest overdue first: their time has come, and nobody's lease holds."""
    query = select(jobs).where(jobs.c.run_at <= at, _free(at)).order_by(jobs.c.run_at, jobs.c.key)
    return every(connection, query.limit(limit), _job)


def claim(connection: Connection, job: JobRow, owner: str, *, at: int, until: int) -> JobRow | None:
    """Take a job that `due` listed, or None where somebody else was faster."""
    swapped = connection.execute(
        update(jobs)
        .where(jobs.c.key == job.key, jobs.c.fence == job.fence, _free(at))
        .values(owner=owner, until=until, fence=job.fence + 1, started_at=at)
    ).rowcount
    if swapped != 1:
        return None
    return msgspec.structs.replace(job, owner=owner, until=until, fence=job.fence + 1, started_at=at)


def renew(connection: Connection, job: JobRow, *, until: int) -> bool:
    """Keep a job for longer. False where it was taken over: stop working on it."""
    return connection.execute(update(jobs).where(*_mine(job)).values(until=until)).rowcount == 1


def finish(connection: Connection, job: JobRow, *, at: int, result: str) -> bool:
    """Note that a job is done, and when it is due again. False where it was taken over: somebody else says how it went.

    A job that is done once is planned beyond all time, and stays as a record.
    """
    following = at + job.every if job.every is not None else 2**62
    facts = {"attempts": 0, "last_error": "", "result": result, "finished_at": at, "run_at": following}
    return connection.execute(update(jobs).where(*_mine(job)).values(owner="", until=None, **facts)).rowcount == 1


def fail(connection: Connection, job: JobRow, *, at: int, error: str) -> bool:
    """Note that a job failed: it is tried again after a pause that doubles each time, up to six hours."""
    pause = min(LONGEST_PAUSE, FIRST_PAUSE << min(job.attempts, 20))
    facts = {"attempts": job.attempts + 1, "last_error": error[:_ERROR_LIMIT], "run_at": at + pause}
    return connection.execute(update(jobs).where(*_mine(job)).values(owner="", until=None, **facts)).rowcount == 1


def _free(at: int) -> ColumnElement[bool]:
    return or_(jobs.c.until.is_(None), jobs.c.until <= at)


def _mine(job: JobRow) -> tuple[ColumnElement[bool], ...]:
    return (jobs.c.key == job.key, jobs.c.fence == job.fence, jobs.c.owner == job.owner)
