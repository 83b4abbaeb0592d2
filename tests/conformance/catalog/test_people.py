"""Users, entities, members and keys, on every database."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from rollbook.app.register import Register
from rollbook.app.users import add_user, disable_user
from rollbook.catalog import Catalog, api_keys, entities, holders, members, projects, users
from rollbook.catalog.people_schema import sessions
from rollbook.catalog.rows import Act
from rollbook.model.errors import AlreadyExists, Conflict, NotFound
from rollbook.model.people import NewUser
from rollbook.model.permission import Actor

ACT = Act(actor="user:root", at=1_000)
LATER = Act(actor="user:boss", at=2_000)


@pytest.fixture
def ana(connection):
    return users.add(connection, "ana", ACT, id="user-1")


@pytest.fixture
def team(connection, organisation):
    return entities.add_team(connection, organisation, "maths", ACT, id="team-1")


def key_of(connection, user, number, **changes):
    facts = {"public_id": f"key{number}", "secret_hash": f"hash{number}", "imported": False}
    facts |= {"scopes": None, "places": None, "expires_at": 9_000}
    return api_keys.add(connection, user, ACT, **(facts | changes))


class TestUsers:
    def test_are_found_by_name_and_id(self, connection, ana):
        assert users.get(connection, "ana") == users.by_id(connection, "user-1") == ana
        assert (ana.created_at, ana.created_by, ana.disabled_at) == (1_000, "user:root", None)
        assert users.find(connection, "nobody") is None
        with pytest.raises(NotFound, match="'nobody'"):
            users.get(connection, "nobody")

    @pytest.mark.parametrize("name", ["ana", "Ana", "ANA"])
    def test_a_name_is_given_once_even_after_its_user_is_gone(self, connection, ana, name):
        users.disable(connection, ana, LATER)
        with pytest.raises(AlreadyExists):
            users.add(connection, name, ACT, id="user-2")

    def test_are_listed_by_name_in_pages(self, connection):
        for number, name in enumerate(("b", "C", "a", "d")):
            users.add(connection, name, ACT, id=f"user-{number}")
        first = users.list_page(connection, limit=2)
        rest = users.list_page(connection, after=first.next, limit=2)
        assert [user.name for user in (*first.items, *rest.items)] == ["C", "a", "b", "d"]
        assert rest.next is None

    def test_disabling_ends_keys_and_sessions_and_enabling_brings_none_back(self, connection, ana):
        bo = users.add(connection, "bo", ACT, id="user-2")
        ended, kept = key_of(connection, ana, 1), key_of(connection, bo, 2)
        for user in (ana, bo):
            times = {"created_at": 1, "last_seen_at": 1, "expires_at": 9}
            connection.execute(sessions.insert(), {"user": user.key, "secret_hash": user.name, "csrf": "c"} | times)
        gone = users.disable(connection, ana, LATER)
        assert (gone.disabled_at, gone.disabled_by) == (2_000, "user:boss")
        assert api_keys.get(connection, ended.public_id).revoked_at == 2_000
        assert api_keys.get(connection, kept.public_id).revoked_at is None
        assert [row.user for row in connection.execute(sessions.select())] == [bo.key]
        assert users.enable(connection, gone).disabled_at is None
        assert api_keys.get(connection, ended.public_id).revoked_at == 2_000

    def test_administrators_are_counted_while_they_may_sign_in(self, connection):
        first = users.add(connection, "root", ACT, id="user-1", admin=True)
        users.add(connection, "second", ACT, id="user-2", admin=True, service=True)
        assert users.count_admins(connection) == 2
        users.disable(connection, first, LATER)
        assert users.count_admins(connection) == 1


class TestEntities:
    def test_a_name_stands_for_an_organisation_or_a_team(self, connection, organisation, team):
        found = entities.find(connection, "maths")
        assert (found.organisation, found.organisation_name, found.team) == (organisation.key, "local", "maths")
        found = entities.find(connection, "local")
        assert (found.organisation, found.organisation_name, found.team) == (organisation.key, "local", "")
        assert entities.find(connection, "absent") is None

    @pytest.mark.parametrize("name", ["local", "Local", "maths", "MATHS"])
    def test_a_name_is_given_once_across_both(self, connection, organisation, team, name):
        with pytest.raises(AlreadyExists):
            entities.add_organisation(connection, name, id="organisation-2", at=1)
        with pytest.raises(AlreadyExists):
            entities.add_team(connection, organisation, name, ACT, id="team-2")

    def test_are_listed_by_name(self, connection, organisation, team):
        other = entities.add_organisation(connection, "academy", id="organisation-2", at=5)
        entities.add_team(connection, other, "essays", ACT, id="team-2")
        assert [row.name for row in entities.list_organisations(connection).items] == ["academy", "local"]
        assert [(row.name, row.organisation_name) for row in entities.list_teams(connection, None).items] == [
            ("essays", "academy"),
            ("maths", "local"),
        ]
        assert [row.name for row in entities.list_teams(connection, organisation.key).items] == ["maths"]
        page = entities.list_teams(connection, None, limit=1)
        assert [row.name for row in entities.list_teams(connection, None, after=page.next).items] == ["maths"]

    def test_a_name_taken_at_the_same_time_is_given_to_one(self, catalog: Catalog, in_processes):
        with catalog.write() as connection:
            projects.ensure_organisation(connection, "local", id="organisation-1", at=1)

        def add(number: int, kind: str) -> str:
            with catalog.write() as own:
                local = projects.get_organisation(own, "local")
                entities.hold(own, local)
                if kind == "team":
                    entities.add_team(own, local, "maths", ACT, id=f"id-{number}")
                else:
                    entities.add_organisation(own, "maths", id=f"id-{number}", at=1)
            return "added"

        jobs = [lambda n=n: add(n, "team" if n % 2 else "organisation") for n in range(4)]
        results = in_processes(jobs)
        assert [result for result in results if result == "added"] == ["added"]
        assert all(isinstance(result, AlreadyExists | Conflict) for result in results if result != "added")


class TestMembers:
    def test_roles_are_given_in_places(self, connection, organisation, ana):
        for place, role in (("", "viewer"), ("maths/", "analyst"), ("maths/a", "admin")):
            made = members.add(connection, organisation.key, ana, place, role, ACT)
            assert (made.user_name, made.organisation_name, made.place, made.role) == ("ana", "local", place, role)
        assert [row.role for row in members.of_user(connection, ana.key)] == ["viewer", "analyst", "admin"]

    def test_the_same_role_is_given_once_and_another_segment_is_another(self, connection, organisation, ana):
        for segment in ("class=8A", "class=8B"):
            members.add(connection, organisation.key, ana, "maths/", "educator", ACT, segment=segment)
        with pytest.raises(AlreadyExists, match="ana is educator there already"):
            members.add(connection, organisation.key, ana, "maths/", "educator", ACT, segment="class=8B")

    def test_taking_away_takes_what_was_named(self, connection, organisation, ana):
        for place, role, segment in (
            ("maths/", "educator", "class=8A"),
            ("maths/", "educator", "class=8B"),
            ("maths/", "analyst", ""),
            ("maths/a", "analyst", ""),
        ):
            members.add(connection, organisation.key, ana, place, role, ACT, segment=segment)
        gone = members.remove(connection, organisation.key, ana, "maths/", role="educator", segment="class=8A")
        assert [row.segment for row in gone] == ["class=8A"]
        with pytest.raises(NotFound):
            members.remove(connection, organisation.key, ana, "maths/", role="viewer", segment=None)
        assert len(members.remove(connection, organisation.key, ana, "maths/", role=None, segment=None)) == 2
        assert [row.place for row in members.of_user(connection, ana.key)] == ["maths/a"]

    def test_of_a_team_are_those_of_it_and_of_its_projects(self, connection, organisation, ana):
        for place in ("", "maths", "maths/", "maths/a", "maths0", "maths-b/", "maths/z"):
            members.add(connection, organisation.key, ana, place, "viewer", ACT)
        other = projects.ensure_organisation(connection, "other", id="organisation-2", at=1)
        members.add(connection, other.key, ana, "maths/", "viewer", ACT)

        def places(place: str) -> list[str]:
            return [row.place for row in members.list_page(connection, organisation.key, place).items]

        assert places("maths/") == ["maths/", "maths/a", "maths/z"]
        assert places("maths/a") == ["maths/a"]
        assert len(places("")) == 7
        first = members.list_page(connection, organisation.key, limit=5)
        assert len(members.list_page(connection, organisation.key, after=first.next).items) == 2


class TestKeys:
    def test_are_found_by_public_id_and_by_hash(self, connection, ana):
        made = key_of(connection, ana, 1, scopes='["read"]', places='[["local",""]]', imported=True)
        assert api_keys.by_public_id(connection, "key1") == api_keys.by_hash(connection, "hash1") == made
        assert (made.user_name, made.imported, made.scopes, made.last_used_at) == ("ana", True, '["read"]', None)
        assert api_keys.by_hash(connection, "hash") is None
        with pytest.raises(NotFound):
            api_keys.get(connection, "key")

    def test_the_holder_is_told_with_every_role(self, connection, organisation, ana):
        made = key_of(connection, ana, 1)
        bare = holders.by_public_id(connection, "key1")
        assert (bare.key, bare.user, bare.grants) == (made, ana, ())
        for role in ("viewer", "analyst"):
            members.add(connection, organisation.key, ana, "maths/", role, ACT)
        key_of(connection, users.add(connection, "bo", ACT, id="user-2"), 2)
        found = holders.by_hash(connection, "hash1")
        assert found == holders.by_public_id(connection, "key1")
        assert found.grants == members.of_user(connection, ana.key)
        assert [grant.role for grant in found.grants] == ["viewer", "analyst"]
        assert holders.by_public_id(connection, "hash1") is holders.by_hash(connection, "key1") is None

    def test_the_same_key_is_kept_once(self, connection, ana):
        key_of(connection, ana, 1)
        with pytest.raises(AlreadyExists):
            key_of(connection, ana, 1, public_id="another")

    def test_a_key_is_revoked_once(self, connection, ana):
        made = key_of(connection, ana, 1)
        assert api_keys.revoke(connection, made, LATER).revoked_by == "user:boss"
        again = api_keys.revoke(connection, made, Act(actor="user:eve", at=3_000))
        assert (again.revoked_at, again.revoked_by) == (2_000, "user:boss")

    def test_use_is_noted(self, connection, ana):
        made = key_of(connection, ana, 1)
        api_keys.touch(connection, made, 5_000)
        assert api_keys.get(connection, "key1").last_used_at == 5_000

    def test_are_listed_by_user_in_pages(self, connection, ana):
        bo = users.add(connection, "bo", ACT, id="user-2")
        for number, user in enumerate((ana, bo, ana)):
            key_of(connection, user, number)
        assert [key.public_id for key in api_keys.list_page(connection, ana.key).items] == ["key0", "key2"]
        first = api_keys.list_page(connection, limit=2)
        assert [key.public_id for key in api_keys.list_page(connection, after=first.next).items] == ["key2"]


def test_administrators_who_disable_each_other_at_once_leave_one(
    catalog: Catalog, in_processes: Any, tmp_path: Path
) -> None:
    def register() -> Register:
        owner = Actor("user:owner", "local", "owner")
        blobs: Any = None
        return Register(catalog, blobs, tmp_path, owner, lambda: time.time_ns() // 1000, os.urandom)

    names = [f"root{number}" for number in range(4)]
    for name in names:
        add_user(register(), NewUser(name=name, admin=True))
    results = in_processes([lambda name=name: disable_user(register(), name).disabled_at for name in names])
    with catalog.read() as connection:
        assert users.count_admins(connection) == 1
    assert [type(result) for result in results].count(Conflict) == 1
