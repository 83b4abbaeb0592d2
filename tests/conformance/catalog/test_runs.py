from __future__ import annotations

import msgspec
import pytest

from rollbook.catalog import runs
from rollbook.catalog.runs import RunChanges, RunValues
from rollbook.model.errors import AlreadyExists, InvalidInput, NotFound


@pytest.fixture
def start(connection, project, act):
    def run(number, **facts):
        given = {"id": f"0000-{number}", "short": f"short{number:03}", "name": f"run {number}"} | facts
        return runs.create(connection, project, RunValues(**given), act)

    return run


def test_a_run_begins_running_with_everything_it_was_given(start, act):
    facts = {"job_type": "train", "group": "g", "config": '{"a":1}', "environment": '{"b":2}', "code": '{"c":3}'}
    run = start(1, **facts, notes="n", tags=("b", "a"))
    assert {name: getattr(run, name) for name in facts} == facts
    assert (run.state, run.summary, run.notes, run.tags) == ("running", "{}", "n", ("a", "b"))
    assert (run.started_at, run.heartbeat_at, run.finished_at, run.created_by) == (act.at, act.at, None, act.actor)


def test_a_run_is_found_by_id_and_by_short_name(connection, project, start):
    run = start(1)
    assert runs.get(connection, project, "0000-1") == runs.get(connection, project, "short001") == run
    with pytest.raises(NotFound, match="'short002'"):
        runs.get(connection, project, "short002")


@pytest.mark.parametrize("twin", [{"id": "0000-1"}, {"short": "short001"}, {"short": "0000-1"}, {"id": "short001"}])
def test_a_name_that_would_be_ambiguous_is_refused(start, twin):
    start(1)
    with pytest.raises(AlreadyExists, match="run 1"):
        start(2, **twin)


def test_changes_touch_only_what_they_name(connection, start):
    run = start(1, config='{"a":1}', group="g")
    changed = runs.change(connection, run, RunChanges(summary='{"loss":0.5}', group="h"), at=2000)
    assert changed == msgspec.structs.replace(run, summary='{"loss":0.5}', group="h", heartbeat_at=2000)


def test_an_end_has_a_time_and_resuming_clears_it(connection, start):
    run = start(1)
    ended = runs.change(connection, run, RunChanges(state="failed"), at=5000)
    assert (ended.state, ended.finished_at) == ("failed", 5000)
    resumed = runs.change(connection, ended, RunChanges(state="running"), at=6000)
    assert (resumed.state, resumed.finished_at) == ("running", None)


def test_an_unknown_state_is_refused(connection, start):
    with pytest.raises(InvalidInput, match="'paused'"):
        runs.change(connection, start(1), RunChanges(state="paused"), at=1)  # pyright: ignore[reportArgumentType]


def test_a_late_heartbeat_does_not_turn_the_clock_back(connection, project, start):
    run = start(1)
    runs.heartbeat(connection, run.key, 9000)
    runs.heartbeat(connection, run.key, 8000)
    assert runs.get(connection, project, run.id).heartbeat_at == 9000


def test_silent_runs_are_those_that_run_without_a_heartbeat(connection, organisation, start):
    quiet, lively, done = start(1), start(2), start(3)
    runs.heartbeat(connection, lively.key, 50_000)
    runs.change(connection, done, RunChanges(state="finished"), at=1500)
    assert [run.id for run in runs.silent(connection, organisation.key, 40_000)] == [quiet.id]


def test_lists_filter_and_page_from_the_newest(connection, project, start):
    for number in range(7):
        start(number, job_type="train" if number % 2 else "eval", group="g" if number > 3 else "", tags=(f"t{number}",))
    runs.change(connection, runs.get(connection, project, "0000-5"), RunChanges(state="crashed"), at=2000)

    def names(**filters):
        found: list[str] = []
        before = None
        while True:
            listed = runs.list_page(connection, project, before=before, limit=2, **filters)
            found += [item.short[-1] for item in listed.items]
            before = listed.next
            if before is None:
                return "".join(found)

    assert names() == "6543210"
    assert names(state="crashed") == "5"
    assert names(job_type="train") == "531"
    assert names(group="g", job_type="eval") == "64"
    assert names(tag="t2") == "2"


def test_listed_runs_carry_their_own_tags(connection, project, start):
    start(1, tags=("a", "b"))
    runs.add_tags(connection, start(2), ("c", "c"))
    assert [item.tags for item in runs.list_page(connection, project).items] == [("c",), ("a", "b")]
