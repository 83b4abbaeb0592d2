"""Housekeeping: what is due runs once, failures stay visible, the server's worker survives them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from rollbook.app import jobs
from rollbook.app.jobs import KINDS, Kind
from rollbook.app.register import Register
from rollbook.model.errors import Forbidden, InvalidInput, Unavailable
from rollbook.model.space import HOUR
from rollbook.server.jobs import Worker


class Later:
    """A register's clock, some time ahead."""

    def __init__(self, register: Register) -> None:
        self.clock, self.ahead = register.clock, 0

    def __call__(self) -> int:
        return self.clock() + self.ahead


def failing(_: Register) -> object:
    raise Unavailable("the store is away")


def test_what_is_due_runs_and_is_due_again_later(register: Register) -> None:
    clock = Later(register)
    timed = replace(register, clock=clock)
    ran: list[int] = []
    kinds = {"count": Kind(HOUR, lambda _: ran.append(1) or {"ran": len(ran)})}
    jobs.plan(timed, kinds)
    assert jobs.run_due(timed, "w", kinds) == []
    clock.ahead += HOUR
    (done,) = jobs.run_due(timed, "w", kinds)
    assert (done.result, done.last_error, done.owner) == ('{"ran":1}', "", "")
    assert jobs.run_due(timed, "w", kinds) == []
    clock.ahead += HOUR
    assert len(jobs.run_due(timed, "w", kinds)) == 1
    assert ran == [1, 1]


def test_a_failure_is_told_and_tried_again(register: Register) -> None:
    kinds = {"bad": Kind(HOUR, failing)}
    failed = jobs.run_now(register, "bad", "w", kinds)
    assert (failed.attempts, failed.last_error) == (1, "the store is away")
    assert [job.kind for job in jobs.overdue(register)] == ["bad"]


def test_nobody_runs_a_job_that_another_is_at(register: Register) -> None:
    inner: list[str] = []

    def again(at_hand: Register) -> object:
        with pytest.raises(InvalidInput, match="being run by w"):
            jobs.run_now(at_hand, "slow", "other", kinds)
        inner.append("refused")
        return None

    kinds = {"slow": Kind(HOUR, again)}
    jobs.run_now(register, "slow", "w", kinds)
    assert inner == ["refused"]


def test_every_kind_runs_on_an_empty_register(register: Register) -> None:
    for name in KINDS:
        assert jobs.run_now(register, name, "w").last_error == ""


def test_an_unknown_job(register: Register) -> None:
    with pytest.raises(InvalidInput, match="no job 'dance'"):
        jobs.run_now(register, "dance", "w")


def test_who_may_run_jobs(register: Register, as_role: Callable[..., Register]) -> None:
    for role in ("viewer", "educator", "analyst", "auditor", "service"):
        with pytest.raises(Forbidden):
            jobs.run_now(as_role(role), "collect", "w")


def test_the_worker_goes_on_after_a_bug(register: Register) -> None:
    clock = Later(register)
    ran = threading.Event()

    def broken(_: Register) -> object:
        raise RuntimeError("a bug")

    kinds = {"a-bug": Kind(HOUR, broken), "fine": Kind(HOUR, lambda _: ran.set())}
    timed = replace(register, clock=clock)
    jobs.plan(timed, kinds)
    clock.ahead += HOUR
    worker = Worker(timed, "w", kinds=kinds, pause=0.01)
    worker.start()
    assert ran.wait(20)
    worker.stop()
    (bad,) = [job for job in jobs.overdue(timed) if job.kind == "a-bug"]
    assert "a bug" in bad.last_error
