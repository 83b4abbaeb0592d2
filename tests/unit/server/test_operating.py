"""Health, log lines, failpoints and events, each by itself."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.app.events import Look
from rollbook.model import failpoints as steps
from rollbook.model.errors import InvalidInput, StorageFull
from rollbook.model.events import Cursor, Moved, moved_of, read_cursor
from rollbook.model.results import Check
from rollbook.model.space import JobFacts
from rollbook.server import failpoints
from rollbook.server.events import news
from rollbook.server.health import Health, is_ready
from rollbook.server.logs import Lines, facts_of_error
from rollbook.server.metrics import Metrics, state_of

FINE = [Check(check="disk", status="ok", message="")]


def test_one_look_serves_everybody_for_a_second() -> None:
    clock, looks = [0.0], [0]

    def look() -> list[Check]:
        looks[0] += 1
        return FINE

    health = Health(look, lambda: clock[0])
    assert [is_ready(health.checks()) for _ in range(5)] == [True] * 5
    assert looks == [1]
    clock[0] = 1.5
    health.checks()
    assert looks == [2]


def test_a_look_that_hangs_says_so_and_is_not_begun_again() -> None:
    release, looks = threading.Event(), [0]

    def look() -> list[Check]:
        looks[0] += 1
        release.wait(30)
        return FINE

    health = Health(look, patience=0.05)
    assert [is_ready(health.checks()) for _ in range(3)] == [False] * 3
    assert looks == [1]
    release.set()
    deadline = time.monotonic() + 30
    while not is_ready(health.checks()):
        assert time.monotonic() < deadline


def test_lines_that_cannot_be_written_are_counted_and_nobody_waits() -> None:
    release, written = threading.Event(), list[bytes]()

    def write(line: bytes) -> None:
        release.wait(30)
        written.append(line)

    lines = Lines(write, waiting=3)
    for number in range(10):
        lines.put(str(number))
    assert lines.lost >= 6
    release.set()
    lines.flush(30)
    assert len(written) + lines.lost == 10


def test_a_log_that_fails_loses_only_lines() -> None:
    def fail(_line: bytes) -> None:
        raise OSError(28, "No space left on device")

    lines = Lines(fail)
    lines.put("x")
    lines.flush(30)
    assert lines.lost == 1


def test_what_an_unforeseen_error_says_is_not_kept() -> None:
    try:
        raise ValueError("canary") from KeyError("canary")
    except ValueError as error:
        facts = facts_of_error(error)
    assert "canary" not in str(facts)
    assert (facts["error"], facts["cause"]) == ("ValueError", "KeyError")
    assert "test_what_an_unforeseen_error" in facts["frames"][-1]
    assert facts_of_error(StorageFull("no room"))["message"] == "no room"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("commit.after_db:kill", (failpoints.Failure("commit.after_db", "kill"),)),
        ("answer.before:delay:20@3", (failpoints.Failure("answer.before", "delay", 20, 3),)),
        (
            "blob.after_write:eio, commit.before_db:kill@2",
            (failpoints.Failure("blob.after_write", "eio"), failpoints.Failure("commit.before_db", "kill", 0, 2)),
        ),
    ],
)
def test_failures_are_read(text: str, expected: tuple[failpoints.Failure, ...]) -> None:
    assert failpoints.parse(text) == expected


@pytest.mark.parametrize("text", ["nowhere:kill", "commit.after_db", "commit.after_db:melt", "answer.before:kill@x"])
def test_failures_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="ROLLBOOK_FAIL"):
        failpoints.parse(text)


def test_a_failure_happens_the_time_it_was_planned_for() -> None:
    failpoints.enable("commit.before_db:eio@2")
    try:
        steps.reach("commit.before_db")
        steps.reach("commit.after_db")
        with pytest.raises(OSError, match="Input/output error"):
            steps.reach("commit.before_db")
        steps.reach("commit.before_db")
    finally:
        failpoints.enable("")
    steps.reach("commit.before_db")


@given(st.builds(Cursor, st.integers(-1, 10**18 - 1), st.integers(0, 10**18 - 1)))
def test_cursors_come_back_from_their_text(cursor: Cursor) -> None:
    assert read_cursor(str(cursor)) == cursor


@given(st.text())
def test_no_other_text_is_a_cursor(text: str) -> None:
    found = read_cursor(text)
    assert found is None or found.sequence >= -1


def test_what_moved_is_read_from_entries() -> None:
    assert moved_of("run.start", "", "id1") == Moved("run", "id1", "run.start")
    assert moved_of("version.delete", "tutor:v3", "") == Moved("collection", "tutor", "version.delete")
    assert moved_of("alias.promote", "tutor:champion", "") == Moved("collection", "tutor", "alias.promote")
    assert moved_of("retention.set", "tutor", "") == Moved("project", "", "retention.set")


def test_a_run_that_goes_on_is_told_once_per_sign_of_life() -> None:
    found = Look((), {"a": 5, "b": 7}, Cursor(1, 9), whole=True)
    assert [moved.name for moved in news(found, {})] == ["a", "b"]
    assert [moved.name for moved in news(found, {"a": 5, "b": 6})] == ["b"]
    begun = found._replace(moved=(Moved("run", "a", "run.start"),))
    assert [moved.action for moved in news(begun, {})] == ["run.start", "run.change"]


def job(**facts: object) -> JobFacts:
    given: dict[str, object] = {"kind": "collect", "subject": "", "run_at": 10, "owner": "", "attempts": 0}
    given |= {"started_at": None, "finished_at": 3_000_000, "last_error": "", "result": '{"freed": 7, "packs": 2}'}
    return JobFacts(**given | facts)  # type: ignore[arg-type]


def test_jobs_are_counted_by_their_state() -> None:
    assert [state_of(each, 11) for each in (job(owner="x"), job(last_error="x"), job(), job(run_at=12))] == [
        "running",
        "failed",
        "due",
        "waiting",
    ]
    metrics = Metrics()
    metrics.watch_jobs(lambda: [job()], lambda: 11)
    text = metrics.text().decode()
    assert 'rollbook_jobs{kind="collect",state="due"} 1.0' in text
    assert 'rollbook_job_finished_timestamp_seconds{kind="collect"} 3.0' in text
    assert 'rollbook_collected{what="freed"} 7.0' in text
