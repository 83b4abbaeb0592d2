"""Facts about people that travel between the verbs and their callers: users, organisations, teams, members and keys."""

from __future__ import annotations

from typing import Literal

import msgspec

from rollbook.model.errors import InvalidInput, InvalidName
from rollbook.model.names import check_name
from rollbook.model.permission import Role, Scope

DAY = 86_400_000_000
USER_KEY_DAYS, SERVICE_KEY_DAYS, MAX_KEY_DAYS = 90, 365, 3650
PAGE = 1000
_TAKEN = frozenset(
    {"api", "app", "artifacts", "artifactsv2", "assets", "auth", "authorize", "files", "graphql", "healthz", "login"}
    | {"logout", "metrics", "oidc", "ready", "settings", "setup", "static", "storage", "users"}
)
"""First words of the server's own addresses: an entity of such a name could not be linked to."""


def check_entity(name: str, what: str) -> str:
    """Return `name` where it may name an organisation or a team.

    Raises:
        InvalidName: It breaks the rule or is reserved.
    """
    if name.lower() in _TAKEN:
        raise InvalidName(f"{what} {name!r} is reserved", hint="the server has an address of that name")
    return check_name(name, what)


def check_days(days: int) -> int:
    """Return `days` where a key may live so long.

    Raises:
        InvalidInput: It is not between 1 and `MAX_KEY_DAYS`.
    """
    if not 1 <= days <= MAX_KEY_DAYS:
        raise InvalidInput(f"a key cannot live {days:,} days", hint=f"between 1 and {MAX_KEY_DAYS:,}")
    return days


class NewUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person or service account to add."""

    name: str
    admin: bool = False
    service: bool = False


class UserFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A person or a service account.

    Attributes:
        id: Never changes and is never given twice.
        name: Login name.
        service: Whether it is a program and not a person.
        admin: Whether it manages the whole server.
        created_at: UTC microseconds.
        created_by: Actor.
        disabled_at: Since when it may not sign in, or None.
    """

    id: str
    name: str
    service: bool
    admin: bool
    created_at: int
    created_by: str
    disabled_at: int | None


class NewOrganisation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organisation to add."""

    name: str


class OrganisationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation: what projects and teams belong to, and what separates tenants."""

    id: str
    name: str
    created_at: int


class NewTeam(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A team to add to an organisation."""

    name: str
    organisation: str


class TeamFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A team of an organisation."""

    id: str
    name: str
    organisation: str
    created_at: int
    created_by: str


class NewMember(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role to give or to take away.

    Attributes:
        user: Name of the person or service account.
        to: `TEAM`, `ORGANISATION`, `TEAM/PROJECT` or `ORGANISATION/PROJECT`.
        role: The role; when taking away, None means every role there.
        scope: The students that an educator teaches, `key=value{,key=value}` of roster columns; "" for all.
    """

    user: str
    to: str
    role: Role | None = None
    scope: str = ""


class MemberFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A role that a person holds somewhere."""

    user: str
    to: str
    organisation: str
    role: Role
    scope: str
    added_at: int
    added_by: str


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to make. Its text form never shows the secret.

    Attributes:
        user: Whose key it will be.
        secret: A key that exists elsewhere and is to work here too, or "" to make one.
        scopes: What it is limited to; None for no limit.
        projects: Where it may be used (as `NewMember.to`); None for everywhere.
        days: How long it lives; None for 90 days, 365 for a service account.
    """

    user: str
    secret: str = ""
    scopes: tuple[Scope, ...] | None = None
    projects: tuple[str, ...] | None = None
    days: int | None = None

    def __repr__(self) -> str:
        return f"NewKey({self.user!r})"


class KeyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a key; never its secret.

    Attributes:
        id: The public part, by which it is revoked.
        user: Whose key it is.
        scopes: What it is limited to; None for no limit.
        projects: Where it may be used; None for everywhere.
        imported: Whether it was made elsewhere.
        created_at: UTC microseconds.
        created_by: Actor.
        expires_at: From when it is refused.
        revoked_at: Since when it is refused, or None.
        last_used_at: Its newest use, to the minute, or None.
    """

    id: str
    user: str
    scopes: tuple[str, ...] | None
    projects: tuple[str, ...] | None
    imported: bool
    created_at: int
    created_by: str
    expires_at: int
    revoked_at: int | None
    last_used_at: int | None


class IssuedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was just made: the only time that it is shown.

    Attributes:
        key: The key; "" where it was made elsewhere.
        facts: What is kept of it.
    """

    key: str
    facts: KeyFacts

    def __repr__(self) -> str:
        return f"IssuedKey({self.facts.id!r})"


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation or team that somebody has roles in.

    Attributes:
        name: Unique on the server.
        kind: `organisation` or `team`.
        organisation: The organisation it is, or belongs to.
        roles: Roles that hold in all of it.
        projects: Roles that hold in single projects, by the project's name in the entity.
    """

    name: str
    kind: Literal["organisation", "team"]
    organisation: str
    roles: tuple[Role, ...] = ()
    projects: dict[str, tuple[Role, ...]] = {}


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks.

    Attributes:
        name: Stable name, such as `user:ana` or `service:ci`.
        admin: Whether they manage the whole server.
        default_entity: Where projects are looked for that no entity is named for; "" for somebody without any role.
        entities: Where they have roles.
    """

    name: str
    admin: bool
    default_entity: str
    entities: tuple[Entity, ...]


class Users(msgspec.Struct, frozen=True, kw_only=True):
    """A page of users. `next` is what to pass as `after` for the next page, or ""."""

    items: tuple[UserFacts, ...]
    next: str = ""


class Organisations(msgspec.Struct, frozen=True, kw_only=True):
    """A page of organisations, as `Users`."""

    items: tuple[OrganisationFacts, ...]
    next: str = ""


class Teams(msgspec.Struct, frozen=True, kw_only=True):
    """A page of teams, as `Users`."""

    items: tuple[TeamFacts, ...]
    next: str = ""


class Members(msgspec.Struct, frozen=True, kw_only=True):
    """A page of members, as `Users`."""

    items: tuple[MemberFacts, ...]
    next: str = ""


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """A page of keys, as `Users`."""

    items: tuple[KeyFacts, ...]
    next: str = ""
