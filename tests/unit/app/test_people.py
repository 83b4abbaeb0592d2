"""Who may change people, what it leaves behind, and what somebody may do afterwards."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from rollbook.app import apikeys, members, people, teams, users
from rollbook.app.people import Person
from rollbook.app.register import Register
from rollbook.catalog import audit, projects
from rollbook.catalog import users as user_rows
from rollbook.model.canonical import decode
from rollbook.model.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    InvalidInput,
    InvalidName,
    NotFound,
    RollbookError,
    Unauthenticated,
)
from rollbook.model.people import DAY, NewKey, NewMember, NewOrganisation, NewTeam, NewUser
from rollbook.model.permission import GRANTABLE, Actor, Resource, may

FOREIGN = "0123456789abcdef0123456789abcdef01234567"
Be = Callable[..., Register]


def person(register: Register, name: str) -> Person:
    """Somebody who has just signed in."""
    with register.catalog.read() as connection:
        return people.identity_of(register, user_rows.get(connection, name).id)


@pytest.fixture
def world(register: Register) -> Register:
    """Two organisations with a team each; root runs the server, boss and rival an organisation, lead a team."""
    register = replace(register, random=random.Random(1).randbytes)
    users.add_user(register, NewUser(name="root", admin=True))
    for name in ("boss", "rival", "lead", "ana", "eve"):
        users.add_user(register, NewUser(name=name))
    users.add_user(register, NewUser(name="ci", service=True))
    for organisation, team in (("school", "maths"), ("other", "physics")):
        teams.add_organisation(register, NewOrganisation(name=organisation))
        teams.add_team(register, NewTeam(name=team, organisation=organisation))
    for user, to in (("boss", "school"), ("rival", "other"), ("lead", "maths")):
        members.add_member(register, NewMember(user=user, to=to, role="admin"))
    return register


@pytest.fixture
def be(world: Register) -> Be:
    """The register as somebody uses it who works for an entity."""

    def change(name: str, entity: str = "") -> Register:
        actor = person(world, name).actor_in(entity)
        assert actor is not None
        return replace(world, actor=actor)

    return change


def entries(register: Register, organisation: str) -> list[dict[str, Any]]:
    with register.catalog.read() as connection:
        row = projects.get_organisation(connection, organisation)
        found = audit.list_page(connection, row, limit=1000).items
    return [decode(entry.entry) for entry in reversed(found)]  # type: ignore[misc]


class TestWhoMayGrant:
    """Each kind of administrator against places that are theirs, and that are not."""

    ALLOWED: ClassVar = {
        "root": {"school", "maths", "maths/fractions", "other", "physics", "local"},
        "boss": {"school", "maths", "maths/fractions"},
        "lead": {"maths", "maths/fractions"},
        "rival": {"other", "physics"},
        "ana": set[str](),
    }
    PLACES = ("school", "maths", "maths/fractions", "other", "physics", "local")

    @pytest.fixture(autouse=True)
    def viewer(self, world: Register) -> None:
        members.add_member(world, NewMember(user="ana", to="school", role="viewer"))

    @pytest.mark.parametrize("role", GRANTABLE)
    @pytest.mark.parametrize("name", ALLOWED)
    def test_a_role_somewhere(self, world: Register, be: Be, name: str, role: Any) -> None:
        for place in self.PLACES:
            granting = NewMember(user="eve", to=place, role=role)
            if place in self.ALLOWED[name]:
                assert members.add_member(be(name), granting).role == role
                members.remove_member(be(name), granting)
                continue
            with pytest.raises((Forbidden, NotFound)):
                members.add_member(be(name), granting)
            with pytest.raises((Forbidden, NotFound)):
                members.remove_member(be(name), NewMember(user="boss", to=place))
        assert not person(world, "eve").grants

    def test_a_foreign_entity_looks_like_one_that_is_not_there(self, be: Be) -> None:
        told: list[str] = []
        for to in ("physics", "absent1"):
            with pytest.raises(NotFound) as caught:
                members.add_member(be("boss"), NewMember(user="eve", to=to, role="viewer"))
            told.append(str(caught.value).replace(to, "X"))
        assert told[0] == told[1]

    def test_an_administrator_of_an_organisation_gives_itself_no_role(self, be: Be) -> None:
        with pytest.raises(Forbidden, match="itself"):
            members.add_member(be("boss"), NewMember(user="boss", to="school", role="analyst"))
        members.add_member(be("root"), NewMember(user="root", to="school", role="analyst"))

    @pytest.mark.parametrize(
        "verb",
        [
            lambda r: users.add_user(r, NewUser(name="new")),
            users.list_users,
            lambda r: users.disable_user(r, "eve"),
            lambda r: users.enable_user(r, "eve"),
            lambda r: teams.add_organisation(r, NewOrganisation(name="new")),
            lambda r: apikeys.add_key(r, NewKey(user="eve")),
            lambda r: apikeys.add_key(r, NewKey(user="eve", secret=FOREIGN)),
            lambda r: apikeys.list_keys(r, "eve"),
        ],
    )
    @pytest.mark.parametrize("name", ["boss", "lead", "ana"])
    def test_the_server_is_managed_by_its_administrators_only(self, be: Be, name: str, verb: Any) -> None:
        with pytest.raises(Forbidden):
            verb(be(name))
        with pytest.raises(RollbookError) as caught:
            verb(replace(be("root"), actor=Actor("user:root", "local", None)))
        assert isinstance(caught.value, Forbidden)

    def test_a_team_is_added_by_who_manages_its_organisation(self, be: Be) -> None:
        assert teams.add_team(be("boss"), NewTeam(name="essays", organisation="school")).organisation == "school"
        with pytest.raises(Forbidden):
            teams.add_team(be("lead"), NewTeam(name="more", organisation="school"))
        with pytest.raises(NotFound):
            teams.add_team(be("boss"), NewTeam(name="more", organisation="other"))
        with pytest.raises(InvalidInput, match="is a team"):
            teams.add_team(be("boss"), NewTeam(name="more", organisation="maths"))

    def test_lists_show_what_is_ones_own(self, be: Be) -> None:
        assert [item.name for item in teams.list_organisations(be("boss")).items] == ["school"]
        assert {item.name for item in teams.list_organisations(be("root")).items} == {"local", "school", "other"}
        assert [item.name for item in teams.list_teams(be("boss")).items] == ["maths"]
        assert [item.name for item in teams.list_teams(be("root")).items] == ["maths", "physics"]
        assert {item.user for item in members.list_members(be("boss"), "school").items} == {"boss", "lead", "ana"}
        assert {item.to for item in members.list_members(be("lead"), "maths").items} == {"maths"}
        for name in ("lead", "ana"):
            with pytest.raises(Forbidden):
                members.list_members(be(name), "school")

    def test_an_auditor_reads_who_is_a_member(self, world: Register, be: Be) -> None:
        members.add_member(world, NewMember(user="eve", to="school", role="auditor"))
        assert members.list_members(be("eve"), "school").items


class TestNames:
    def test_are_given_once(self, world: Register) -> None:
        users.disable_user(world, "eve")
        for taken in ("eve", "EVE"):
            with pytest.raises(AlreadyExists):
                users.add_user(world, NewUser(name=taken))
        for taken in ("school", "maths", "Maths", "local"):
            with pytest.raises(AlreadyExists):
                teams.add_organisation(world, NewOrganisation(name=taken))
            with pytest.raises(AlreadyExists):
                teams.add_team(world, NewTeam(name=taken, organisation="other"))

    @pytest.mark.parametrize("name", ["", "a/b", "user:x", "v1", "x" * 129, "caf\xe9"])
    def test_are_words(self, world: Register, name: str) -> None:
        with pytest.raises(InvalidName):
            users.add_user(world, NewUser(name=name))
        with pytest.raises(InvalidName):
            teams.add_organisation(world, NewOrganisation(name=name))

    @pytest.mark.parametrize("name", ["api", "API", "graphql", "login"])
    def test_of_entities_are_no_addresses_of_the_server(self, world: Register, name: str) -> None:
        with pytest.raises(InvalidName, match="reserved"):
            teams.add_team(world, NewTeam(name=name, organisation="other"))


class TestRoles:
    def test_add_up_over_organisation_team_and_project(self, world: Register) -> None:
        for to, role in (("school", "viewer"), ("school", "auditor"), ("maths", "analyst"), ("maths/a", "admin")):
            members.add_member(world, NewMember(user="ana", to=to, role=role))  # type: ignore[arg-type]
        actor = person(world, "ana").actor_in("maths")
        assert actor is not None
        assert actor.organisation == "school"
        assert actor.roles_in("maths/a") == ("viewer", "auditor", "analyst", "admin")
        assert actor.roles_in("maths/b") == ("viewer", "auditor", "analyst")
        assert actor.roles_in("essays/b") == actor.roles_in("fractions") == ("viewer", "auditor")

    def test_a_project_outside_teams_is_named_by_its_organisation(self, world: Register) -> None:
        made = members.add_member(world, NewMember(user="ana", to="school/fractions", role="analyst"))
        assert made.to == "school/fractions"
        actor = person(world, "ana").actor_in("school")
        assert actor is not None
        assert (actor.roles_in("fractions"), actor.roles_in("maths/fractions")) == (("analyst",), ())

    def test_of_one_organisation_say_nothing_in_another(self, world: Register) -> None:
        members.add_member(world, NewMember(user="ana", to="maths", role="analyst"))
        ana = person(world, "ana")
        assert ana.actor_in("physics") is None
        assert ana.actor_in("other") is None
        assert ana.actor_in("absent") is None

    def test_nobody_holds_the_same_role_twice(self, world: Register) -> None:
        members.add_member(world, NewMember(user="ana", to="maths", role="analyst"))
        with pytest.raises(AlreadyExists):
            members.add_member(world, NewMember(user="ana", to="maths", role="analyst"))

    def test_taken_away_are_gone_at_once(self, world: Register) -> None:
        for role in ("analyst", "auditor"):
            members.add_member(world, NewMember(user="ana", to="maths", role=role))  # type: ignore[arg-type]
        gone = members.remove_member(world, NewMember(user="ana", to="maths", role="analyst"))
        assert [item.role for item in gone.items] == ["analyst"]
        assert members.remove_member(world, NewMember(user="ana", to="maths")).items[0].role == "auditor"
        assert person(world, "ana").actor_in("maths") is None
        with pytest.raises(NotFound):
            members.remove_member(world, NewMember(user="ana", to="maths"))

    @pytest.mark.parametrize("role", ["owner", "root", None])
    def test_that_cannot_be_given(self, world: Register, role: Any) -> None:
        with pytest.raises(InvalidInput, match="cannot be given"):
            members.add_member(world, NewMember(user="ana", to="maths", role=role))

    def test_an_administrator_of_the_server_is_one_in_every_organisation(self, world: Register) -> None:
        for entity in ("school", "physics", "local"):
            actor = person(world, "root").actor_in(entity)
            assert actor is not None
            assert (actor.roles_in("x"), actor.administrator) == (("admin",), True)
        assert person(world, "root").actor_in("absent") is None

    def test_somebody_without_a_role_is_known_and_may_nothing(self, world: Register) -> None:
        actor = person(world, "eve").actor_in("")
        assert actor is not None
        assert actor.organisation == ""
        assert not may(actor, "people.manage", Resource("", ""))
        told = people.viewer(replace(world, actor=actor))
        assert (told.name, told.default_entity, told.entities) == ("user:eve", "", ())

    def test_only_an_educator_has_a_scope(self, world: Register) -> None:
        made = members.add_member(world, NewMember(user="ana", to="maths", role="educator", scope="school=12,class=8B"))
        assert made.scope == "class=8B,school=12"
        with pytest.raises(InvalidInput, match="takes no scope"):
            members.add_member(world, NewMember(user="ana", to="maths", role="viewer", scope="class=8B"))
        with pytest.raises(InvalidInput):
            members.add_member(world, NewMember(user="ana", to="maths", role="educator", scope="class"))


class TestViewer:
    def test_the_owner_of_a_directory_owns_all(self, world: Register) -> None:
        told = people.viewer(world)
        assert (told.name, told.default_entity) == ("user:ana", "local")
        assert {entity.name for entity in told.entities} == {"local", "school", "maths", "other", "physics"}
        assert {entity.roles for entity in told.entities} == {("owner",)}

    def test_a_member_of_a_team_sees_the_team(self, world: Register, be: Be) -> None:
        members.add_member(world, NewMember(user="ana", to="maths", role="analyst"))
        members.add_member(world, NewMember(user="ana", to="physics/waves", role="viewer"))
        told = people.viewer(be("ana"))
        assert told.default_entity == "maths"
        assert [(entity.name, entity.roles, entity.projects) for entity in told.entities] == [
            ("maths", ("analyst",), {}),
            ("physics", (), {"waves": ("viewer",)}),
        ]

    def test_a_member_of_an_organisation_sees_its_teams(self, be: Be, world: Register) -> None:
        told = people.viewer(be("boss"))
        assert [(entity.name, entity.kind, entity.roles) for entity in told.entities] == [
            ("school", "organisation", ("admin",)),
            ("maths", "team", ("admin",)),
        ]


class TestDisabling:
    def test_kills_keys_for_good(self, world: Register) -> None:
        key = apikeys.add_key(world, NewKey(user="ana")).key
        assert apikeys.person_of_key(world, key).name == "user:ana"
        users.disable_user(world, "ana")
        for _ in range(2):
            with pytest.raises(Unauthenticated, match="revoked"):
                apikeys.person_of_key(world, key)
            users.enable_user(world, "ana")
        assert person(world, "ana").name == "user:ana"

    def test_shuts_out(self, world: Register) -> None:
        known = person(world, "ana").user
        users.disable_user(world, "ana")
        with pytest.raises(Unauthenticated):
            people.identity_of(world, known.id)
        with pytest.raises(Unauthenticated):
            people.identity_of(world, "no-such-id")
        with pytest.raises(Conflict, match="disabled"):
            apikeys.add_key(world, NewKey(user="ana"))

    def test_spares_the_last_administrator(self, world: Register, be: Be) -> None:
        with pytest.raises(Conflict, match="last administrator"):
            users.disable_user(world, "root")
        users.add_user(world, NewUser(name="second", admin=True))
        users.disable_user(be("root"), "root")
        with pytest.raises(Conflict, match="last administrator"):
            users.disable_user(world, "second")

    def test_twice_is_once(self, world: Register) -> None:
        first = users.disable_user(world, "ana")
        assert users.disable_user(world, "ana") == first
        assert [entry["action"] for entry in entries(world, "local")].count("user.disable") == 1


class TestKeys:
    def test_are_their_owners(self, world: Register, be: Be) -> None:
        own = apikeys.add_key(be("ana"), NewKey(user="ana"))
        assert [item.id for item in apikeys.list_keys(be("ana")).items] == [own.facts.id]
        with pytest.raises(NotFound, match="no key"):
            apikeys.revoke_key(be("boss"), own.facts.id)
        assert apikeys.revoke_key(be("ana"), own.facts.id).revoked_at

    def test_of_all_are_listed_for_an_administrator(self, world: Register, be: Be) -> None:
        apikeys.add_key(world, NewKey(user="ana"))
        apikeys.add_key(world, NewKey(user="ci"))
        assert [item.user for item in apikeys.list_keys(be("root")).items] == ["ana", "ci"]

    @pytest.mark.parametrize(("name", "days"), [("ana", 90), ("ci", 365)])
    def test_expire(self, world: Register, name: str, days: int) -> None:
        made = apikeys.add_key(world, NewKey(user=name))
        assert made.facts.expires_at - made.facts.created_at == days * DAY
        before = replace(world, clock=lambda: made.facts.expires_at - 1)
        after = replace(world, clock=lambda: made.facts.expires_at)
        assert apikeys.person_of_key(before, made.key).user.name == name
        with pytest.raises(Unauthenticated, match="expired"):
            apikeys.person_of_key(after, made.key)

    @pytest.mark.parametrize("days", [0, -1, 3651])
    def test_live_neither_never_nor_for_ever(self, world: Register, days: int) -> None:
        with pytest.raises(InvalidInput, match="cannot live"):
            apikeys.add_key(world, NewKey(user="ana", days=days))

    def test_are_no_more_than_anybody_looks_after(self, world: Register, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(apikeys, "MAX_STANDING", 2)
        first = apikeys.add_key(world, NewKey(user="ana"))
        apikeys.add_key(world, NewKey(user="ana", days=1))
        with pytest.raises(Conflict, match="2 keys"):
            apikeys.add_key(world, NewKey(user="ana"))
        apikeys.add_key(world, NewKey(user="eve"))
        apikeys.revoke_key(world, first.facts.id)
        apikeys.add_key(world, NewKey(user="ana"))
        later = replace(world, clock=lambda: first.facts.created_at + 2 * DAY)
        apikeys.add_key(later, NewKey(user="ana"))

    def test_revoked_are_void_at_once(self, world: Register) -> None:
        made = apikeys.add_key(world, NewKey(user="ana"))
        apikeys.revoke_key(world, made.facts.id)
        with pytest.raises(Unauthenticated, match="revoked"):
            apikeys.person_of_key(world, made.key)

    def test_that_are_nearly_right_tell_nothing(self, world: Register) -> None:
        made = apikeys.add_key(world, NewKey(user="ana"))
        other = apikeys.add_key(world, NewKey(user="eve"))
        mixed = made.key[:11] + other.key[11:]
        apikeys.revoke_key(world, made.facts.id)
        for text in ("", "x" * 600, "caf\xe9" * 12, made.key[:-1], mixed, FOREIGN, "rb-" + "0" * 57):
            with pytest.raises(Unauthenticated, match="not valid"):
                apikeys.person_of_key(world, text)

    def test_imported_ones_work_as_they_are(self, world: Register) -> None:
        for secret in (FOREIGN, "local-" + FOREIGN, "wandb_v1_" + "Ab3-_" * 17):
            made = apikeys.add_key(world, NewKey(user="ana", secret=secret))
            assert (made.key, made.facts.imported) == ("", True)
            assert apikeys.person_of_key(world, secret).credential == made.facts.id
            with pytest.raises(AlreadyExists):
                apikeys.add_key(world, NewKey(user="eve", secret=secret))

    def test_are_not_in_the_database_nor_in_the_log(self, world: Register) -> None:
        secrets = [FOREIGN, apikeys.add_key(world, NewKey(user="ana")).key]
        apikeys.add_key(world, NewKey(user="ana", secret=FOREIGN))
        world.catalog.close()
        kept = b"".join(path.read_bytes() for path in world.root.rglob("*") if path.is_file())
        for secret in secrets:
            assert secret.encode() not in kept
            assert secret[-49:-6].encode() not in kept
        assert b"key.add" in kept

    def test_of_another_pepper_are_void(self, world: Register) -> None:
        made = apikeys.add_key(world, NewKey(user="ana"))
        (world.root / "keys" / "secrets.pepper").write_bytes(b"x" * 32)
        with pytest.raises(Unauthenticated):
            apikeys.person_of_key(world, made.key)

    def test_scopes_only_take_away(self, world: Register) -> None:
        members.add_member(world, NewMember(user="ana", to="maths", role="analyst"))
        made = apikeys.add_key(world, NewKey(user="ana", scopes=("read", "admin")))
        actor = apikeys.person_of_key(world, made.key).actor_in("maths")
        assert actor is not None
        here = Resource("school", "maths/a")
        assert may(actor, "run.read", here)
        assert not may(actor, "run.write", here)  # not in the scope
        assert not may(actor, "people.manage", here)  # not in the role
        with pytest.raises(InvalidInput, match="no scope"):
            apikeys.add_key(world, NewKey(user="ana", scopes=("all",)))  # type: ignore[arg-type]

    def test_of_no_scope_at_all_may_nothing(self, world: Register) -> None:
        members.add_member(world, NewMember(user="ana", to="maths", role="analyst"))
        made = apikeys.add_key(world, NewKey(user="ana", scopes=()))
        actor = apikeys.person_of_key(world, made.key).actor_in("maths")
        assert actor is not None
        assert not may(actor, "run.read", Resource("school", "maths/a"))

    def test_projects_limit_where_a_key_opens(self, world: Register) -> None:
        members.add_member(world, NewMember(user="ana", to="maths", role="analyst"))
        members.add_member(world, NewMember(user="ana", to="physics", role="analyst"))
        made = apikeys.add_key(world, NewKey(user="ana", projects=("physics/waves",)))
        assert made.facts.projects == ("physics/waves",)
        held = apikeys.person_of_key(world, made.key)
        maths, physics = held.actor_in("maths"), held.actor_in("physics")
        assert maths is not None
        assert physics is not None
        assert maths.roles_in("maths/a") == physics.roles_in("physics/b") == physics.roles_in("") == ()
        assert physics.roles_in("physics/waves") == ("analyst",)
        home = held.actor_in("")
        assert home is not None
        assert people.viewer(replace(world, actor=home)).default_entity == "physics"

    @pytest.mark.parametrize("limit", [{"scopes": ("admin", "ingest")}, {"projects": ("local",)}])
    def test_a_limited_key_makes_no_key(self, world: Register, limit: dict[str, Any]) -> None:
        members.add_member(world, NewMember(user="ana", to="local", role="analyst"))
        made = apikeys.add_key(world, NewKey(user="ana", **limit))
        actor = apikeys.person_of_key(world, made.key).actor_in("")
        assert actor is not None
        with pytest.raises(Forbidden, match="limited key"):
            apikeys.add_key(replace(world, actor=actor), NewKey(user="ana"))

    def test_a_limited_key_of_an_administrator_manages_no_server(self, world: Register) -> None:
        for limit in ({"scopes": ("read", "promote")}, {"projects": ("school",)}):
            made = apikeys.add_key(world, NewKey(user="root", **limit))  # type: ignore[arg-type]
            actor = apikeys.person_of_key(world, made.key).actor_in("school")
            assert actor is not None
            with pytest.raises(Forbidden):
                users.add_user(replace(world, actor=actor), NewUser(name="new"))

    def test_use_is_noted_once_a_minute(self, world: Register) -> None:
        made = apikeys.add_key(world, NewKey(user="ana"))
        begin = made.facts.created_at + DAY
        for offset, noted in ((0, 0), (59_000_000, 0), (60_000_000, 60_000_000), (61_000_000, 60_000_000)):
            apikeys.person_of_key(replace(world, clock=lambda at=begin + offset: at), made.key)
            assert apikeys.list_keys(world, "ana").items[0].last_used_at == begin + noted


class TestAudit:
    def test_every_change_is_one_entry_where_it_belongs(self, world: Register) -> None:
        before = {name: len(entries(world, name)) for name in ("local", "school", "other")}
        users.add_user(world, NewUser(name="new"))
        made = apikeys.add_key(world, NewKey(user="new", secret=FOREIGN))
        apikeys.revoke_key(world, made.facts.id)
        apikeys.revoke_key(world, made.facts.id)
        teams.add_team(world, NewTeam(name="essays", organisation="school"))
        members.add_member(world, NewMember(user="new", to="essays", role="educator", scope="class=8B"))
        members.remove_member(world, NewMember(user="new", to="essays"))
        users.disable_user(world, "new")
        users.enable_user(world, "new")
        with pytest.raises(AlreadyExists):
            users.add_user(world, NewUser(name="new"))
        after = {name: entries(world, name)[before[name] :] for name in before}
        assert [entry["action"] for entry in after["local"]] == [
            *("user.add", "key.add", "key.revoke", "user.disable", "user.enable")
        ]
        assert [entry["action"] for entry in after["school"]] == ["team.add", "member.add", "member.remove"]
        assert after["other"] == []
        assert after["school"][1]["resource"] == "school/essays/"
        assert after["school"][1]["details"]["scope"] == "class=8B"
        assert FOREIGN not in repr(after)
