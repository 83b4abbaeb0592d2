"""People who sign in through an identity provider: which account is theirs, and which roles their groups give.

An account belongs to a subject of an issuer, never to an e-mail address: whoever can choose an address at the provider
could otherwise choose an account here. Somebody unknown gets an account only with a role that an administrator said
their group has.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import msgspec

from rollbook.app.managing import address_of, changing, record, stable_name
from rollbook.app.members import add_member, remove_member
from rollbook.app.register import Register
from rollbook.app.secretfile import pepper_of
from rollbook.app.signin import MINUTE, new_secret
from rollbook.app.users import add_user
from rollbook.catalog import identities, members, tokens, users
from rollbook.catalog.people_rows import MemberRow, UserRow
from rollbook.model.apikey import hash_of
from rollbook.model.errors import AlreadyExists, Unauthenticated
from rollbook.model.people import NewMember, NewUser
from rollbook.model.permission import Role

PROVIDER = "provider"
"""First word of the actor in whose name a provider's groups give and take roles."""
AWAY = 10 * MINUTE
_PURPOSES = ("sign in elsewhere", "link an account elsewhere")
_NAME = 60


class Grant(msgspec.Struct, frozen=True):
    """A role that a group gives.

    Attributes:
        role: The role.
        to: Where, as `NewMember.to`.
    """

    role: Role
    to: str


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Who the provider says that somebody is.

    Attributes:
        issuer: The provider.
        subject: Its name for the person, which never changes and is never given twice.
        name: What to call them here, if that is free.
    """

    issuer: str
    subject: str
    name: str


def send_away(register: Register, *, linking: bool) -> str:
    """A secret for a browser that goes to the provider; it works once, within ten minutes.

    Args:
        register: As the server sees it.
        linking: Whether somebody who is signed in links an account there, instead of signing in.
    """
    secret, at = new_secret(register), register.clock()
    with register.catalog.write() as connection:
        kept = hash_of(secret, pepper_of(register))
        tokens.add(connection, secret_hash=kept, purpose=_PURPOSES[linking], at=at, expires_at=at + AWAY)
    return secret


def come_back(register: Register, secret: str) -> bool:
    """Use the secret of a browser that comes back up; say whether it went to link.

    Raises:
        Unauthenticated: It was not sent away, or came back before, or too late.
    """
    kept, at = hash_of(secret, pepper_of(register)), register.clock()
    with register.catalog.write() as connection:
        for linking, purpose in enumerate(_PURPOSES):
            if tokens.use(connection, secret_hash=kept, purpose=purpose, at=at):
                return bool(linking)
    raise Unauthenticated("this sign-in was not begun here, is over, or took too long", hint="begin again")


def enter(register: Register, who: Subject, grants: Sequence[Grant]) -> str:
    """The login name of a subject, whose roles from groups are now those given.

    Args:
        register: As the server sees it.
        who: The subject.
        grants: What their groups give; nothing for nobody's groups.

    Raises:
        Unauthenticated: They have no account, and no group that gives them one; or it is disabled.
    """
    acting = _as_provider(register, who.issuer)
    with register.catalog.read() as connection:
        user = identities.find(connection, who.issuer, who.subject)
    if user is None and not grants:
        raise Unauthenticated(
            f"{who.name!r} has no account here", hint="ask an administrator, or link an account that you sign in to"
        )
    if user is None:
        user = _make(acting, who)
    if user.disabled_at is not None:
        raise Unauthenticated(f"{user.name!r} may not sign in", hint="ask an administrator")
    _grant(acting, user, grants)
    return user.name


def link(register: Register, user: str, who: Subject) -> None:
    """Let somebody who is signed in use the provider from now on.

    Raises:
        AlreadyExists: Somebody else is this subject.
    """
    with changing(register) as (connection, local):
        found = users.get(connection, user)
        identities.add(connection, found, who.issuer, who.subject, register.act())
        details = {"issuer": who.issuer, "subject": who.subject}
        record(register, connection, local.key, "identity.link", stable_name(found), {**details})


def _make(acting: Register, who: Subject) -> UserRow:
    name = _free_name(acting, who)
    add_user(acting, NewUser(name=name))
    link(acting, name, who)
    with acting.catalog.read() as connection:
        return users.get(connection, name)


def _free_name(register: Register, who: Subject) -> str:
    """The name that the provider suggests; with a mark of its own where somebody here has it, or had it."""
    word = re.sub(r"[^A-Za-z0-9._-]+", "-", who.name)[:_NAME].strip("-._") or "user"
    mark = hashlib.sha256(f"{who.issuer} {who.subject}".encode()).hexdigest()[:8]
    with register.catalog.read() as connection:
        return word if not users.is_taken(connection, word) else f"{word}-{mark}"


def _grant(acting: Register, user: UserRow, grants: Sequence[Grant]) -> None:
    """Give what is missing and take away what the provider gave before; what people gave stays."""
    with acting.catalog.read() as connection:
        held = members.of_user(connection, user.key)
    mine = {_grant_of(row) for row in held if row.added_by == acting.actor.name}
    for grant in mine - set(grants):
        remove_member(acting, NewMember(user=user.name, to=grant.to, role=grant.role))
    for grant in set(grants) - {_grant_of(row) for row in held}:
        _give(acting, NewMember(user=user.name, to=grant.to, role=grant.role))


def _give(acting: Register, new: NewMember) -> None:
    try:
        add_member(acting, new)
    except AlreadyExists:
        return  # somebody else gave it in the meantime


def _grant_of(row: MemberRow) -> Grant:
    return Grant(cast(Role, row.role), address_of(row.organisation_name, row.place))


def _as_provider(register: Register, issuer: str) -> Register:
    host = issuer.partition("://")[2].partition("/")[0]
    return replace(register, actor=msgspec.structs.replace(register.actor, name=f"{PROVIDER}:{host}"))
