"""API keys: make, import, list and revoke them, and find out whose key is presented."""

from __future__ import annotations

from typing import cast

from rollbook.app import people
from rollbook.app.managing import address_of, changing, is_administrator, number_after, place_of, record, stable_name
from rollbook.app.people import Person
from rollbook.app.register import Register
from rollbook.app.secretfile import pepper_of
from rollbook.catalog import Connection, api_keys, holders, users
from rollbook.catalog.holders import Holder
from rollbook.catalog.people_rows import ApiKeyRow, UserRow
from rollbook.model import apikey
from rollbook.model.canonical import JSON, decode, encode
from rollbook.model.errors import Conflict, Forbidden, NotFound, Unauthenticated, Unavailable
from rollbook.model.people import (
    DAY,
    PAGE,
    SERVICE_KEY_DAYS,
    USER_KEY_DAYS,
    IssuedKey,
    KeyFacts,
    Keys,
    NewKey,
    check_days,
)
from rollbook.model.permission import actions_of

USED_EVERY = 60_000_000
"""Microseconds between two notes that a key was used."""

MAX_STANDING = 1000
"""Keys of one user that open something at the same time."""

_NOT_VALID = "the key is not valid"
_Places = list[list[str]]


def add_key(register: Register, new: NewKey) -> IssuedKey:
    """Make a key for somebody, or let a key that exists elsewhere work here too.

    Raises:
        Forbidden: The actor is neither that person nor an administrator; only an administrator imports a key.
        NotFound: There is no such user, team or organisation.
        InvalidInput: A scope, project or life is not possible, or the secret is none.
        AlreadyExists: The imported key is in use already.
        Conflict: The user is disabled, or has too many keys.
    """
    actions_of(new.scopes or ())
    key = _fresh(register, new)
    pepper = pepper_of(register)
    with changing(register) as (connection, local):
        user = _managed(register, connection, new.user)
        if user.disabled_at is not None:
            raise Conflict(f"user {user.name!r} is disabled", hint=f"rollbook user enable {user.name}")
        made = _keep(register, connection, user, new, key, apikey.hash_of(key.text, pepper))
        record(register, connection, local.key, "key.add", stable_name(user), _details(made))
    return IssuedKey(key="" if new.secret else key.text, facts=_facts(made))


def _keep(
    register: Register, connection: Connection, user: UserRow, new: NewKey, key: apikey.ApiKey, secret_hash: str
) -> ApiKeyRow:
    days = check_days(new.days if new.days is not None else SERVICE_KEY_DAYS if user.service else USER_KEY_DAYS)
    places = None if new.projects is None else _places(register, connection, new.projects)
    act = register.act()
    _refuse_too_many(api_keys.count_standing(connection, user, act.at), user)
    return api_keys.add(
        connection,
        user,
        act,
        public_id=key.public_id,
        secret_hash=secret_hash,
        imported=bool(new.secret),
        scopes=None if new.scopes is None else encode([*sorted(set(new.scopes))]).decode(),
        places=None if places is None else encode(cast("JSON", places)).decode(),
        expires_at=act.at + days * DAY,
    )


def list_keys(register: Register, user: str = "", after: str = "") -> Keys:
    """A page of keys, in the order in which they were made: somebody's, or everybody's where `user` is "".

    Raises:
        Forbidden: The actor is neither that person nor an administrator.
        NotFound: There is no such user.
    """
    with register.catalog.read() as connection:
        everybody = not user and is_administrator(register.actor)
        owner = None if everybody else _managed(register, connection, user or register.actor.name.partition(":")[2])
        key = owner.key if owner is not None else None
        found = api_keys.list_page(connection, key, after=number_after(after), limit=PAGE)
    return Keys(items=tuple(map(_facts, found.items)), next=str(found.next or ""))


def revoke_key(register: Register, public_id: str) -> KeyFacts:
    """End a key at once.

    Raises:
        NotFound: There is no such key, or it belongs to somebody whose keys the actor does not manage.
    """
    with changing(register) as (connection, local):
        key = api_keys.get(connection, public_id)
        try:
            user = _managed(register, connection, key.user_name)
        except Forbidden:
            raise NotFound(f"no key {public_id!r}", hint="see 'rollbook key ls'") from None
        gone = api_keys.revoke(connection, key, register.act())
        if key.revoked_at is None:
            record(register, connection, local.key, "key.revoke", stable_name(user), {"key": key.public_id})
    return _facts(gone)


def person_of_key(system: Register, text: str) -> Person:
    """Whose key this is, with what the key is limited to.

    Raises:
        Unauthenticated: It is no key, or was revoked, or has expired, or its owner is disabled.
    """
    now = system.clock()
    with system.catalog.read() as connection:
        found = _find(system, connection, text)
    if found is None:
        raise Unauthenticated(_NOT_VALID, hint="check it, or make one: 'rollbook key add --user NAME'")
    key, user, grants = found
    _refuse_ended(key, user, now)
    _note_use(system, key, now)
    scopes = None if key.scopes is None else actions_of(_scopes(key) or ())
    places = None if key.places is None else frozenset((where, at) for where, at in _kept_places(key))
    return people.Person(system, user, grants, scopes, places, credential=key.public_id)


def _find(system: Register, connection: Connection, text: str) -> Holder | None:
    if len(text) > apikey.MAX_SECRET or not text.isascii():
        return None
    pepper, own = pepper_of(system), apikey.parse(text)
    if own is None:
        return holders.by_hash(connection, apikey.hash_of(text, pepper))
    found = holders.by_public_id(connection, own.public_id)
    return found if found is not None and apikey.matches(found.key.secret_hash, text, pepper) else None


def _refuse_ended(key: ApiKeyRow, user: UserRow, now: int) -> None:
    """Told only to whoever holds the whole key."""
    hint = f"make a new one: 'rollbook key add --user {user.name}'"
    if user.disabled_at is not None or key.revoked_at is not None:
        raise Unauthenticated(f"key {key.public_id} was revoked", hint=hint)
    if now >= key.expires_at:
        raise Unauthenticated(f"key {key.public_id} has expired", hint=hint)


def _note_use(system: Register, key: ApiKeyRow, now: int) -> None:
    if system.catalog.read_only or (key.last_used_at is not None and now - key.last_used_at < USED_EVERY):
        return
    try:
        with system.catalog.write() as connection:
            api_keys.touch(connection, key, now)
    except Unavailable:
        return  # a busy or full database must not lock people out; the next use is noted


def _refuse_too_many(standing: int, user: UserRow) -> None:
    if standing >= MAX_STANDING:
        raise Conflict(
            f"{user.name} has {standing:,} keys", hint="revoke those that are not used: 'rollbook key ls' shows which"
        )


def _fresh(register: Register, new: NewKey) -> apikey.ApiKey:
    if not new.secret:
        return apikey.make(register.random(apikey.RANDOM_BYTES))
    if not is_administrator(register.actor):
        raise Forbidden(f"{register.actor.name} may not import a key", hint="ask an administrator of this server")
    public_id = apikey.public_id_of(register.random(apikey.PUBLIC_RANDOM_BYTES))
    return apikey.ApiKey(public_id, apikey.check_foreign(new.secret))


def _managed(register: Register, connection: Connection, name: str) -> UserRow:
    """The user whose keys the actor manages: its own, by a credential without limits, or anybody's.

    Raises:
        Forbidden: The actor manages that user's keys not; the same whether or not there is such a user.
        NotFound: There is no such user.
    """
    if is_administrator(register.actor):
        return users.get(connection, name)
    actor, user = register.actor, users.find(connection, name)
    if user is None or stable_name(user) != actor.name:
        raise Forbidden(f"{actor.name} may not manage keys of {name!r}", hint="ask an administrator of this server")
    if actor.scopes is not None or actor.places is not None:
        raise Forbidden("a limited key manages no keys", hint="use a key without --scope and --in")
    return user


def _places(register: Register, connection: Connection, given: tuple[str, ...]) -> _Places:
    found = [place_of(register, connection, to) for to in dict.fromkeys(given)]
    return sorted([entity.organisation_name, place] for entity, place in found)


def _scopes(key: ApiKeyRow) -> tuple[str, ...] | None:
    return None if key.scopes is None else tuple(cast("list[str]", decode(key.scopes)))


def _kept_places(key: ApiKeyRow) -> _Places:
    return cast(_Places, decode(key.places or "[]"))


def _details(key: ApiKeyRow) -> dict[str, JSON]:
    facts = _facts(key)
    return {
        "key": key.public_id,
        "imported": key.imported,
        "scopes": None if facts.scopes is None else list(facts.scopes),
        "projects": None if facts.projects is None else list(facts.projects),
        "expires_at": key.expires_at,
    }


def _facts(key: ApiKeyRow) -> KeyFacts:
    return KeyFacts(
        id=key.public_id,
        user=key.user_name,
        scopes=_scopes(key),
        projects=None if key.places is None else tuple(address_of(*pair) for pair in _kept_places(key)),
        imported=key.imported,
        created_at=key.created_at,
        created_by=key.created_by,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
    )
