"""Jobs on every database: one worker at a time, and no job is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from rollbook.catalog import Catalog, jobs

MINUTE = 60 * 1_000_000


def test_planned_once(connection: Connection) -> None:
    first = jobs.ensure(connection, "collect", run_at=10, every=5)
    assert jobs.ensure(connection, "collect", run_at=99, every=7).run_at == first.run_at
    assert [(job.kind, job.every) for job in jobs.list_all(connection)] == [("collect", 7)]


def test_due_when_its_time_has_come(connection: Connection) -> None:
    jobs.ensure(connection, "later", run_at=20, every=None)
    jobs.ensure(connection, "soon", run_at=10, every=None)
    assert [job.kind for job in jobs.due(connection, at=9)] == []
    assert [job.kind for job in jobs.due(connection, at=10)] == ["soon"]
    assert [job.kind for job in jobs.due(connection, at=20)] == ["soon", "later"]


def test_claimed_by_one(connection: Connection) -> None:
    job = jobs.ensure(connection, "collect", run_at=0, every=100)
    mine = jobs.claim(connection, job, "a", at=1, until=50)
    assert mine is not None
    assert jobs.claim(connection, job, "b", at=1, until=50) is None
    assert jobs.due(connection, at=49) == ()
    assert jobs.finish(connection, mine, at=30, result="{}")
    done = jobs.find(connection, "collect")
    assert done is not None
    assert (done.run_at, done.owner, done.until, done.finished_at, done.result) == (130, "", None, 30, "{}")


def test_an_expired_lease_is_taken_over_and_the_first_owner_says_nothing_more(connection: Connection) -> None:
    job = jobs.ensure(connection, "collect", run_at=0, every=100)
    slow = jobs.claim(connection, job, "slow", at=1, until=50)
    assert slow is not None
    (free,) = jobs.due(connection, at=50)
    quick = jobs.claim(connection, free, "quick", at=50, until=90)
    assert quick is not None
    assert not jobs.renew(connection, slow, until=500)
    assert not jobs.finish(connection, slow, at=60, result="wrong")
    assert not jobs.fail(connection, slow, at=60, error="wrong")
    assert jobs.renew(connection, quick, until=95)
    assert jobs.finish(connection, quick, at=70, result="right")
    done = jobs.find(connection, "collect")
    assert done is not None
    assert done.result == "right"


def test_a_failure_is_tried_again_after_growing_pauses(connection: Connection) -> None:
    jobs.ensure(connection, "collect", run_at=0, every=100)
    at, pauses = 1, list[int]()
    for _ in range(12):
        (job,) = jobs.due(connection, at=at)
        mine = jobs.claim(connection, job, "a", at=at, until=at + 10)
        assert mine is not None
        assert jobs.fail(connection, mine, at=at, error="broken" * 1000)
        failed = jobs.find(connection, "collect")
        assert failed is not None
        pauses.append(failed.run_at - at)
        at = failed.run_at
        assert len(failed.last_error) <= 2000
    assert pauses[:3] == [MINUTE, 2 * MINUTE, 4 * MINUTE]
    assert max(pauses) == 360 * MINUTE
    assert failed.attempts == 12


def test_a_job_that_is_done_once_stays_as_a_record(connection: Connection) -> None:
    job = jobs.ensure(connection, "move", "x", run_at=0, every=None)
    mine = jobs.claim(connection, job, "a", at=1, until=2)
    assert mine is not None
    assert jobs.finish(connection, mine, at=1, result="")
    assert jobs.due(connection, at=2**61) == ()
    assert jobs.find(connection, "move", "x") is not None


def test_many_workers_claim_each_turn_once(
    catalog: Catalog, in_processes: Callable[[list[Callable[[], Any]]], list[Any]]
) -> None:
    with catalog.write() as connection:
        for number in range(5):
            jobs.ensure(connection, f"job-{number}", run_at=0, every=1)

    def work() -> list[tuple[str, int]]:
        taken: list[tuple[str, int]] = []
        for _ in range(10):
            with catalog.read() as connection:
                found = jobs.due(connection, at=1)
            for job in found:
                with catalog.write() as connection:
                    mine = jobs.claim(connection, job, "w", at=1, until=100)
                if mine is not None:
                    taken.append((mine.kind, mine.fence))
                    with catalog.write() as connection:
                        assert jobs.finish(connection, mine, at=0, result="")
        return taken

    turns = [turn for taken in in_processes([work] * 4) for turn in taken]
    assert len(turns) == len(set(turns))
    for number in range(5):
        fences = sorted(fence for kind, fence in turns if kind == f"job-{number}")
        assert fences == list(range(1, len(fences) + 1))
