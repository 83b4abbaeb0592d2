"""Sessions, passwords, accounts elsewhere and tokens that work once, on every database."""

from __future__ import annotations

import pytest

from rollbook.catalog import identities, passwords, sessions, tokens, users
from rollbook.catalog.rows import Act
from rollbook.model.errors import AlreadyExists

ACT = Act(actor="user:root", at=1_000)
ISSUER = "https://id.example.org"


@pytest.fixture
def ana(connection):
    return users.add(connection, "ana", ACT, id="user-1")


@pytest.fixture
def bo(connection):
    return users.add(connection, "bo", ACT, id="user-2")


def begin(connection, user, secret_hash, at=1_000, expires_at=9_000):
    sessions.add(connection, user, secret_hash=secret_hash, csrf="token", at=at, expires_at=expires_at)
    found = sessions.by_hash(connection, secret_hash)
    assert found is not None
    return found


class TestSessions:
    def test_are_found_by_their_hash_alone(self, connection, ana, bo):
        first = begin(connection, ana, "h1")
        begin(connection, bo, "h2")
        assert sessions.user_of(connection, first) == ana
        assert (first.csrf, first.created_at, first.last_seen_at, first.expires_at) == ("token", 1_000, 1_000, 9_000)
        assert sessions.by_hash(connection, "h3") is None

    def test_remember_when_they_were_heard_of(self, connection, ana):
        sessions.touch(connection, begin(connection, ana, "h1"), 2_000)
        found = sessions.by_hash(connection, "h1")
        assert found is not None
        assert found.last_seen_at == 2_000

    def test_end_one_by_one_and_all_of_somebody(self, connection, ana, bo):
        first = begin(connection, ana, "h1")
        begin(connection, ana, "h2")
        begin(connection, bo, "h3")
        sessions.remove(connection, first)
        assert [sessions.by_hash(connection, name) is None for name in ("h1", "h2", "h3")] == [True, False, False]
        sessions.remove_all(connection, ana)
        assert [sessions.by_hash(connection, name) is None for name in ("h1", "h2", "h3")] == [True, True, False]

    def test_that_are_over_are_forgotten_when_another_begins(self, connection, ana, bo):
        begin(connection, ana, "h1", expires_at=2_000)
        begin(connection, bo, "h2", at=2_000)
        assert sessions.by_hash(connection, "h1") is None

    def test_end_with_their_user(self, connection, ana):
        begin(connection, ana, "h1")
        users.disable(connection, ana, ACT)
        assert sessions.by_hash(connection, "h1") is None


class TestPasswords:
    def test_of_a_user_is_the_last_that_was_set(self, connection, ana, bo):
        assert passwords.hash_of(connection, ana) is None
        passwords.put(connection, ana, "first", 1_000)
        passwords.put(connection, ana, "second", 2_000)
        assert passwords.hash_of(connection, ana) == "second"
        assert passwords.hash_of(connection, bo) is None


class TestIdentities:
    def test_belong_to_one_user(self, connection, ana, bo):
        identities.add(connection, ana, ISSUER, "4711", ACT)
        identities.add(connection, ana, ISSUER, "4711", ACT)
        assert identities.find(connection, ISSUER, "4711") == ana
        with pytest.raises(AlreadyExists):
            identities.add(connection, bo, ISSUER, "4711", ACT)

    def test_are_of_their_issuer_and_exactly_so_spelled(self, connection, ana):
        identities.add(connection, ana, ISSUER, "Ana", ACT)
        for issuer, subject in ((f"{ISSUER}/", "Ana"), (ISSUER, "ana"), ("https://other.example", "Ana")):
            assert identities.find(connection, issuer, subject) is None


class TestTokens:
    def test_work_once_for_their_purpose_and_in_time(self, connection):
        tokens.add(connection, secret_hash="h", purpose="setup", at=1_000, expires_at=2_000)

        def use(secret_hash="h", purpose="setup", at=1_500):
            return tokens.use(connection, secret_hash=secret_hash, purpose=purpose, at=at)

        assert [use("other"), use(purpose="link"), use(at=2_000), use(), use()] == [False, False, False, True, False]

    def test_that_are_over_are_forgotten_when_another_is_made(self, connection):
        tokens.add(connection, secret_hash="h", purpose="setup", at=1_000, expires_at=2_000)
        tokens.add(connection, secret_hash="i", purpose="setup", at=3_000, expires_at=4_000)
        tokens.add(connection, secret_hash="h", purpose="setup", at=3_000, expires_at=4_000)
        assert tokens.use(connection, secret_hash="h", purpose="setup", at=3_500)
