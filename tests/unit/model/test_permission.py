"""The permission matrix, cell by cell: who may see students' data changes on purpose or not at all."""

from __future__ import annotations

import itertools
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.model.errors import Forbidden, InvalidInput
from rollbook.model.permission import GRANTS, SCOPES, Action, Actor, Resource, Role, actions_of, may, require

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


# fmt: off
GOLDEN_SCOPES = {
    #                  ingest read make  prom  admin audit
    "project.create": "X     .     X     .     X     .",
    "run.write":      "X     .     .     .     .     .",
    "run.read":       "X     X     .     .     .     .",
    "version.write":  "X     .     X     .     .     .",
    "version.read":   "X     X     X     X     .     .",
    "rows.read":      ".     X     .     .     .     .",
    "aggregate.read": ".     X     .     .     .     .",
    "note.write":     "X     .     X     .     .     .",
    "alias.move":     ".     .     X     X     .     .",
    "alias.promote":  ".     .     .     X     .     .",
    "audit.read":     ".     .     .     .     .     X",
    "store.verify":   ".     .     .     .     X     X",
    "view.write":     ".     .     X     .     .     .",
    "version.delete": ".     .     .     .     X     .",
    "space.read":     ".     X     .     .     X     .",
    "space.collect":  ".     .     .     .     X     .",
    "retention.write":".     .     .     .     X     .",
    "people.manage":  ".     .     .     .     X     .",
}
# fmt: on


def test_scopes_are_what_the_table_says_and_leave_no_action_out() -> None:
    assert list(GOLDEN_SCOPES) == list(get_args(Action))
    for action, row in GOLDEN_SCOPES.items():
        marked = [scope for scope, mark in zip(SCOPES, row.split(), strict=True) if mark == "X"]
        assert marked == [scope for scope, actions in SCOPES.items() if action in actions], action
        assert marked, f"no limited key could ever {action}"


def test_scopes_add_up_and_unknown_ones_are_refused() -> None:
    assert actions_of(["promote", "audit:read"]) == SCOPES["promote"] | SCOPES["audit:read"]
    assert actions_of([]) == frozenset()
    with pytest.raises(InvalidInput, match="'everything'"):
        actions_of(["read", "everything"])


def test_a_role_of_the_organisation_holds_everywhere() -> None:
    actor = Actor("user:ana", "local", None, {"": ("viewer", "auditor"), "maths/": ("viewer", "analyst")})
    assert actor.roles_in("") == actor.roles_in("essays") == actor.roles_in("essays/x") == ("viewer", "auditor")
    assert actor.roles_in("maths/") == actor.roles_in("maths/x") == ("viewer", "auditor", "analyst")


@pytest.mark.parametrize(
    ("places", "opened"),
    [
        (None, {"", "maths/", "maths/a", "maths/b", "essays", "maths"}),
        ({""}, {"", "maths/", "maths/a", "maths/b", "essays", "maths"}),
        ({"maths/"}, {"maths/", "maths/a", "maths/b"}),
        ({"maths/a", "essays"}, {"maths/a", "essays"}),
        (set(), set()),
    ],
)
def test_a_key_opens_only_its_places(places: set[str] | None, opened: set[str]) -> None:
    limit = None if places is None else frozenset(places)
    actor = Actor("user:ana", "local", "owner", places=limit)
    asked = ("", "maths/", "maths/a", "maths/b", "essays", "maths")
    assert {at for at in asked if may(actor, "version.read", Resource("local", at))} == opened


PLACES = st.sampled_from(["", "maths/", "maths/a", "essays/", "essays/b", "c"])
HELD = st.dictionaries(PLACES, st.lists(st.sampled_from(ROLES), max_size=3).map(tuple))


@given(
    HELD, st.frozensets(PLACES), st.frozensets(st.sampled_from(sorted(GOLDEN))), PLACES, st.sampled_from(sorted(GOLDEN))
)
def test_limits_of_a_key_only_take_away(held: Any, places: Any, scopes: Any, at: str, action: Any) -> None:
    whole = Actor("user:ana", "local", None, held)
    limited = Actor("user:ana", "local", None, held, scopes=scopes, places=places)
    resource = Resource("local", at)
    if may(limited, action, resource):
        assert may(whole, action, resource)
        assert action in scopes


@given(HELD, HELD, PLACES, st.sampled_from(sorted(GOLDEN)))
def test_another_role_never_takes_away(held: Any, more: Any, at: str, action: Any) -> None:
    both = {place: (*held.get(place, ()), *more.get(place, ())) for place in held | more}
    if may(Actor("user:ana", "local", None, held), action, Resource("local", at)):
        assert may(Actor("user:ana", "local", None, both), action, Resource("local", at))


class TestSegments:
    """The students whose figures an educator may see."""

    @staticmethod
    def seen(at: str, roles: Any, segments: Any) -> Any:
        return Actor("user:bo", "local", None, roles, segments=segments).segments_in(at)

    def test_are_those_of_every_place_around(self) -> None:
        roles = {"maths/": ("educator",), "maths/a": ("educator",)}
        segments = {"maths/": ("class=8A",), "maths/a": ("class=8B", "class=8A")}
        assert self.seen("maths/a", roles, segments) == ("class=8A", "class=8B")
        assert self.seen("maths/b", roles, segments) == ("class=8A",)

    def test_are_all_where_one_role_has_no_scope(self) -> None:
        assert self.seen("maths/a", {"maths/": ("educator",)}, {"maths/": ("class=8A", "")}) is None

    @pytest.mark.parametrize("role", ["viewer", "analyst", "admin", "owner"])
    def test_are_all_where_another_role_sees_all(self, role: Any) -> None:
        roles = {"": (role,), "maths/": ("educator",)}
        assert self.seen("maths/a", roles, {"maths/": ("class=8A",)}) is None

    @pytest.mark.parametrize("role", ["auditor", "service"])
    def test_stay_where_another_role_sees_no_figures(self, role: Any) -> None:
        roles = {"": (role,), "maths/": ("educator",)}
        assert self.seen("maths/a", roles, {"maths/": ("class=8A",)}) == ("class=8A",)


def test_grants_cannot_be_widened_by_accident() -> None:
    assert all(isinstance(granted, frozenset) for granted in GRANTS.values())


def test_resources_read_as_paths() -> None:
    assert str(HERE) == "local/math/math_tutor"
    assert str(Resource("local", "math")) == "local/math"
