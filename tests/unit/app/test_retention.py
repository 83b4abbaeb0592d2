"""Retention: which versions go, why the others stay, and what no rule can delete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from rollbook.app import aliases, retention, runs, versions
from rollbook.app.register import Register
from rollbook.model.errors import Forbidden, InvalidInput, NotFound
from rollbook.model.facts import Committed, Link, NewRun, Origin
from rollbook.model.space import DAY, RetentionRule
from rollbook.model.wire import UseDocument

Commit = Callable[..., Committed]
LAST = RetentionRule(keep_last=1, keep_used=False)


@pytest.fixture
def logged(commit: Commit) -> Commit:
    for number in range(5):
        commit("data", b"content %d" % number)
    return commit


def stays(register: Register) -> dict[str, str]:
    return {one.reference: one.why for one in retention.preview(register, "math").versions if not one.goes}


def test_without_a_rule_everything_stays(register: Register, logged: Commit) -> None:
    assert retention.preview(register, "math").versions == ()
    assert retention.apply(register, "math").versions == ()


def test_the_newest_and_what_has_a_reason(register: Register, logged: Commit) -> None:
    retention.put(register, "math", replace_rule(keep_last=2, keep_tags=("gold",)))
    versions.note(register, "math", "data", 0, add_tags=["gold"])
    aliases.set_alias(register, "data:v1", "champion", "math")
    assert stays(register) == {
        "data:v4": "alias latest",
        "data:v3": "one of the newest 2",
        "data:v1": "alias champion",
        "data:v0": "tag gold",
    }
    done = retention.apply(register, "math")
    assert [one.reference for one in done.versions if one.goes] == ["data:v2"]
    with pytest.raises(NotFound, match="was deleted"):
        versions.resolve(register, "data:v2", "math")
    assert all(not one.goes for one in retention.preview(register, "math").versions)


def replace_rule(**facts: object) -> RetentionRule:
    return RetentionRule(**({"keep_used": False} | facts))


def test_young_ones(register: Register, logged: Commit) -> None:
    retention.put(register, "math", replace_rule(keep_days=10))
    assert len(stays(register)) == 5
    clock = register.clock
    later = replace(register, clock=lambda: clock() + 11 * DAY)
    assert set(stays(later)) == {"data:v4"}


def test_what_an_alias_pointed_to_before(register: Register, logged: Commit) -> None:
    aliases.set_alias(register, "data:v1", "champion", "math")
    aliases.set_alias(register, "data:v4", "champion", "math")
    retention.put(register, "math", replace_rule(keep_last=1, keep_aliased=True))
    assert stays(register)["data:v1"] == "an alias pointed to it"


def test_what_a_champion_was_made_from(register: Register, logged: Commit) -> None:
    run = runs.start(register, NewRun(project="math"))
    used = versions.resolve(register, "data:v1", "math")
    runs.use(register, run.id, "math", UseDocument(version=used.digest, reference="data:v1"))
    logged("model", b"weights", kind="model", origin=Origin(run=run.id), aliases=("champion",))
    logged("model", b"more weights", kind="model")
    retention.put(register, "math", RetentionRule(keep_last=1))
    assert stays(register)["data:v1"] == "something aliased was made from it"
    retention.put(register, "math", LAST)
    assert "data:v1" not in stays(register)


def test_what_a_living_version_is_linked_to(register: Register, logged: Commit) -> None:
    target = versions.resolve(register, "data:v0", "math")
    logged("eval", b"rows", kind="evaluation", links=(Link("dataset", "math", "data", target.digest),))
    retention.put(register, "math", LAST, collection="data")
    assert stays(register)["data:v0"] == "another version is linked to it"


def test_a_rule_of_its_own_comes_before_that_of_the_project(register: Register, logged: Commit) -> None:
    retention.put(register, "math", replace_rule(keep_last=4))
    retention.put(register, "math", LAST, collection="data", reason="disk")
    assert set(stays(register)) == {"data:v4"}
    retention.put(register, "math", None, collection="data")
    assert len(stays(register)) == 4
    told = [(one.collection, one.generation, one.rule is None) for one in retention.history(register, "math")]
    assert told == [("data", 2, True), ("data", 1, False), ("", 1, False)]


def test_a_rule_that_keeps_nothing_is_refused(register: Register, logged: Commit) -> None:
    with pytest.raises(InvalidInput, match="would delete a version"):
        retention.put(register, "math", RetentionRule(keep_aliased=True))


def test_everywhere(register: Register, logged: Commit) -> None:
    retention.put(register, "math", LAST)
    assert retention.apply_everywhere(register) == {"local/math": 4}
    assert retention.apply_everywhere(register) == {"local/math": 0}


def test_who_may_set_rules(register: Register, logged: Commit, as_role: Callable[..., Register]) -> None:
    for role in ("viewer", "educator", "analyst", "auditor", "service"):
        with pytest.raises(Forbidden):
            retention.put(as_role(role), "math", LAST)
