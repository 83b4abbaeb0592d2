"""The permission matrix, cell by cell: who may see students' data changes on purpose or not at all."""

from __future__ import annotations

import itertools
from typing import Any, get_args

import pytest

from rollbook.model.errors import Forbidden
from rollbook.model.permission import GRANTS, Action, Actor, Resource, Role, may, require

# fmt: off
ROLES = ["owner", "viewer", "educator", "analyst", "admin", "auditor", "service"]
GOLDEN = {
    #                  owner view  educ  anal  admin audit serv
    "project.create": "X     .     .     X     X     .     .",
    "run.write":      "X     .     .     X     .     .     X",
    "run.read":       "X     .     .     X     .     .     X",
    "version.write":  "X     .     .     X     .     .     X",
    "version.read":   "X     .     .     X     .     .     X",
    "rows.read":      "X     .     .     X     .     .     .",
    "aggregate.read": "X     X     X     X     X     .     .",
    "note.write":     "X     .     .     X     .     .     .",
    "alias.move":     "X     .     .     X     .     .     .",
    "alias.promote":  "X     .     .     .     X     .     .",
    "audit.read":     "X     .     .     .     .     X     .",
    "store.verify":   "X     .     .     .     X     X     .",
    "view.write":     "X     .     .     X     .     .     .",
    "version.delete": "X     .     .     X     .     .     .",
    "space.read":     "X     .     .     X     X     .     .",
    "space.collect":  "X     .     .     .     X     .     .",
    "retention.write":"X     .     .     .     X     .     .",
    "people.manage":  "X     .     .     .     X     .     .",
}
# fmt: on
CELLS = [
    (role, action, mark == "X") for action, row in GOLDEN.items() for role, mark in zip(ROLES, row.split(), strict=True)
]
HERE = Resource("local", "math", "math_tutor")


def test_the_table_has_every_role_and_action() -> None:
    assert list(get_args(Role)) == ROLES == list(GRANTS)
    assert list(get_args(Action)) == list(GOLDEN)
    assert len(CELLS) == len(ROLES) * len(GOLDEN)


@pytest.mark.parametrize(("role", "action", "granted"), CELLS)
def test_cell(role: Any, action: Any, granted: Any) -> None:
    actor = Actor("user:ana", "local", role)
    assert may(actor, action, HERE) is granted
    if granted:
        require(actor, action, HERE)
    else:
        with pytest.raises(Forbidden) as caught:
            require(actor, action, HERE)
        assert all(word in caught.value.message for word in ("user:ana", role, action, "local/math/math_tutor"))
        assert caught.value.hint


@pytest.mark.parametrize(("role", "action"), list(itertools.product(ROLES, GOLDEN)))
def test_nobody_may_do_anything_in_another_organisation(role: Any, action: Any) -> None:
    assert not may(Actor("user:ana", "local", role), action, Resource("other", "math"))


@pytest.mark.parametrize("role", ["", "root", "OWNER", "superuser", "owner "])
def test_an_unknown_role_may_nothing(role: Any) -> None:
    assert not any(may(Actor("user:x", "local", role), action, HERE) for action in get_args(Action))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", ["", "everything", "version.burn", "version", "*", "VERSION.READ"])
def test_an_unknown_action_is_denied_to_all(role: Any, action: Any) -> None:
    assert not may(Actor("user:x", "local", role), action, HERE)


def test_roles_of_a_team_and_of_a_project_add_up_where_they_hold() -> None:
    actor = Actor("user:ana", "local", "viewer", {"maths/": ("analyst",), "maths/fractions": ("admin",)})
    assert actor.roles_in("maths/fractions") == ("viewer", "analyst", "admin")
    assert actor.roles_in("maths/algebra") == ("viewer", "analyst")
    assert actor.roles_in("maths") == ("viewer",), "a project outside teams may be called like a team"
    assert may(actor, "run.write", Resource("local", "maths/algebra"))
    assert not may(actor, "run.write", Resource("local", "essays"))
    assert not may(actor, "alias.promote", Resource("local", "maths/algebra"))


def test_a_key_may_do_no_more_than_its_scopes() -> None:
    actor = Actor("user:ana", "local", "analyst", scopes=frozenset({"version.read", "alias.promote"}))
    assert may(actor, "version.read", HERE)
    assert not may(actor, "version.write", HERE)
    assert not may(actor, "alias.promote", HERE), "a scope grants nothing by itself"


def test_grants_cannot_be_widened_by_accident() -> None:
    assert all(isinstance(granted, frozenset) for granted in GRANTS.values())


def test_resources_read_as_paths() -> None:
    assert str(HERE) == "local/math/math_tutor"
    assert str(Resource("local", "math")) == "local/math"
