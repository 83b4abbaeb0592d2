"""Who may do what: one pure function, default deny, called by every verb before it does anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from rollbook.model.errors import Forbidden, InvalidInput

Role = Literal["owner", "viewer", "educator", "analyst", "admin", "auditor", "service"]
Action = Literal[
    "project.create",
    "run.write",
    "run.read",
    "version.write",
    "version.read",
    "rows.read",
    "aggregate.read",
    "note.write",
    "alias.move",
    "alias.promote",
    "audit.read",
    "store.verify",
    "view.write",
    "version.delete",
    "space.read",
    "space.collect",
    "retention.write",
    "people.manage",
]

_WRITE: frozenset[Action] = frozenset(
    {"project.create", "run.write", "version.write", "note.write", "alias.move", "view.write", "version.delete"}
)
_READ: frozenset[Action] = frozenset({"run.read", "version.read", "aggregate.read", "space.read"})
_ROWS: frozenset[Action] = frozenset({"rows.read"})
_TRUST: frozenset[Action] = frozenset({"alias.promote", "audit.read", "store.verify"})
_OPERATE: frozenset[Action] = frozenset({"space.collect", "retention.write", "people.manage"})
_ADMIN: frozenset[Action] = frozenset(
    {"project.create", "alias.promote", "aggregate.read", "store.verify", "space.read"}
)

GRANTS: dict[Role, frozenset[Action]] = {
    "owner": _WRITE | _READ | _ROWS | _TRUST | _OPERATE,
    "viewer": frozenset({"aggregate.read"}),
    "educator": frozenset({"aggregate.read"}),
    "analyst": _WRITE | _READ | _ROWS,
    "admin": _OPERATE | _ADMIN,
    "auditor": frozenset({"audit.read", "store.verify"}),
    "service": frozenset({"run.write", "run.read", "version.write", "version.read"}),
}
"""What each role may do. The owner of an embedded directory is alone with it, and still leaves audit entries."""

GRANTABLE: tuple[Role, ...] = tuple(role for role in GRANTS if role != "owner")
"""The roles that a member can be given."""

Scope = Literal["ingest", "read", "artifact:write", "promote", "admin", "audit:read"]
_INGEST: frozenset[Action] = frozenset(
    {"project.create", "run.write", "run.read", "version.write", "version.read", "note.write"}
)
_MAKE: frozenset[Action] = frozenset(
    {"project.create", "version.write", "version.read", "note.write", "alias.move", "view.write"}
)
_DECIDE: frozenset[Action] = frozenset({"alias.promote", "alias.move", "version.read"})
_KEEP: frozenset[Action] = frozenset({"project.create", "version.delete", "store.verify", "space.read"})
SCOPES: dict[Scope, frozenset[Action]] = {
    "ingest": _INGEST,
    "read": _READ | _ROWS,
    "artifact:write": _MAKE,
    "promote": _DECIDE,
    "admin": _OPERATE | _KEEP,
    "audit:read": frozenset({"audit.read", "store.verify"}),
}
"""What a key that is limited to scopes may be used for. A scope only ever takes away: the role must grant it too."""


def actions_of(scopes: Iterable[str]) -> frozenset[Action]:
    """Every action that these scopes allow.

    Raises:
        InvalidInput: There is no such scope.
    """
    allowed: frozenset[Action] = frozenset()
    for scope in scopes:
        if scope not in SCOPES:
            raise InvalidInput(f"no scope {scope!r}", hint=f"one of {', '.join(SCOPES)}")
        allowed |= SCOPES[scope]
    return allowed


class Actor(msgspec.Struct, frozen=True):
    """Who asks.

    A person may hold several roles: some for all of the organisation, others for a team or for one project. What any of
    them grants is granted. A *place* is where a role holds: "" for the organisation, `maths/` for a team,
    `maths/fractions` (or `fractions` outside teams) for a project.

    Attributes:
        name: Stable name, such as `user:ana`.
        organisation: The only organisation this actor belongs to.
        role: The actor's role in every project of the organisation, or None.
        roles: More roles, by place.
        scopes: What the key at hand is limited to; None for no limit.
        places: Where the key at hand may be used; None for everywhere.
        segments: The students that the actor teaches, by the place of the role `educator`; "" stands for all.
        administrator: Whether the actor manages the whole server, and not one organisation only.
    """

    name: str
    organisation: str
    role: Role | None = None
    roles: Mapping[str, tuple[Role, ...]] = {}
    scopes: frozenset[Action] | None = None
    places: frozenset[str] | None = None
    segments: Mapping[str, tuple[str, ...]] = {}
    administrator: bool = False

    def roles_in(self, place: str) -> tuple[Role, ...]:
        """Every role that holds in a place, such as a project by its full name."""
        around = _around(place)
        if self.places is not None and not self.places.intersection(around):
            return ()
        everywhere = (self.role,) if self.role is not None else ()
        return tuple(dict.fromkeys((*everywhere, *(role for at in around for role in self.roles.get(at, ())))))

    def segments_in(self, place: str) -> tuple[str, ...] | None:
        """The students whose figures the actor may see there, or None for all: any of these segments."""
        if any(role != "educator" and "aggregate.read" in GRANTS.get(role, ()) for role in self.roles_in(place)):
            return None
        taught = [segment for at in _around(place) for segment in self.segments.get(at, ())]
        return None if "" in taught or not taught else tuple(dict.fromkeys(taught))


def _around(place: str) -> tuple[str, ...]:
    """A place and those around it, the widest first."""
    team, in_team, _ = place.partition("/")
    return tuple(dict.fromkeys(("", f"{team}/" if in_team else "", place)))


class Resource(msgspec.Struct, frozen=True):
    """What is asked for: a project, or something in it."""

    organisation: str
    project: str
    name: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.organisation, self.project, self.name) if part)


def may(actor: Actor, action: Action, resource: Resource) -> bool:
    """Whether the actor may do it: same organisation, granted to a role that holds there, within the key's scopes."""
    if actor.organisation != resource.organisation or (actor.scopes is not None and action not in actor.scopes):
        return False
    return any(action in GRANTS.get(role, frozenset()) for role in actor.roles_in(resource.project))


def require(actor: Actor, action: Action, resource: Resource) -> None:
    """Pass, or refuse.

    Raises:
        Forbidden: The actor may not do this.
    """
    if may(actor, action, resource):
        return
    held = ", ".join(actor.roles_in(resource.project)) or "no role"
    raise Forbidden(f"{actor.name} ({held}) may not {action} on {resource}", hint="ask an administrator for a role")
