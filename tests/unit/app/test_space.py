"""Usage, against a reference that follows every version by hand."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from rollbook.app import deletion, space, versions
from rollbook.app.collect import blobs_of
from rollbook.app.register import Register
from rollbook.model.errors import Forbidden
from rollbook.model.facts import Committed
from rollbook.model.space import UsageReport

Commit = Callable[..., Committed]


def noise(seed: int, size: int = 200_000) -> bytes:
    return random.Random(seed).randbytes(size)


def entries(register: Register, reference: str, project: str) -> dict[bytes, int]:
    """Every entry that a version needs, with its stored bytes."""
    facts = versions.resolve(register, reference, project)
    index = register.blobs._index
    raws = {blob.raw for blob in blobs_of(register, facts.manifest_blob)}
    raws |= set(register.blobs.exchange().chunks_of(raws))
    return {raw: index.find(raw).stored for raw in raws}


def figures(report: UsageReport) -> dict[str, tuple[int, int, int]]:
    return {row.name: (row.logical_bytes, row.stored_bytes, row.exclusive_bytes) for row in report.rows}


@pytest.fixture
def filled(register: Register, commit: Commit) -> Register:
    commit("a", noise(1))
    commit("a", noise(1) + noise(2))
    commit("b", noise(2))
    commit("c", noise(1), project="other")
    register.blobs._index.refresh()
    return register


def test_against_the_reference(filled: Register) -> None:
    held = {
        name: entries(filled, name, project)
        for name, project in (("a:v0", "math"), ("a:v1", "math"), ("b:v0", "math"), ("c:v0", "other"))
    }

    def stored(*names: str) -> int:
        return sum({raw: size for name in names for raw, size in held[name].items()}.values())

    def alone(*names: str) -> int:
        others = {raw for name, found in held.items() if name not in names for raw in found}
        return sum({r: s for name in names for r, s in held[name].items() if r not in others}.values())

    found = figures(space.of_project(filled, "math"))
    assert found["math"] == (800_000, stored("a:v0", "a:v1", "b:v0"), alone("a:v0", "a:v1", "b:v0"))
    assert found["a"] == (600_000, stored("a:v0", "a:v1"), alone("a:v0", "a:v1"))
    assert found["b"] == (200_000, stored("b:v0"), alone("b:v0"))
    parts = figures(space.of_collection(filled, "math", "a"))
    assert parts["a:v1"] == (400_000, stored("a:v1"), alone("a:v1"))
    assert parts["a:v0"][2] < parts["a:v0"][1], "its bytes are shared"
    assert figures(space.of_projects(filled))["other"] == (200_000, stored("c:v0"), alone("c:v0"))


def test_computed_once_and_again_when_something_changed(filled: Register, commit: Commit) -> None:
    first = space.of_project(filled, "math")
    assert space.of_project(filled, "math") == first
    deletion.delete(filled, "b:v0", "math")
    second = space.of_project(filled, "math")
    assert second.at > first.at
    assert figures(second)["b"] == (0, 0, 0)
    deletion.undelete(filled, "b:v0", "math")
    assert figures(space.of_project(filled, "math")) == figures(first)


def test_who_may_read_it(filled: Register, as_role: Callable[..., Register]) -> None:
    for role in ("viewer", "educator", "auditor", "service"):
        with pytest.raises(Forbidden):
            space.of_project(as_role(role), "math")
        assert space.of_projects(as_role(role)).rows == ()
