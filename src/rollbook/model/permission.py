"""Who may do what: one pure function, default deny, called by every verb before it does anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from rollbook.model.errors import Forbidden

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


class Actor(msgspec.Struct, frozen=True):
    """Who asks.

    A person may hold several roles: one for all of the organisation, others for a team or for one project. What any of
    them grants is granted.

    Attributes:
        name: Stable name, such as `user:ana`.
        organisation: The only organisation this actor belongs to.
        role: The actor's role in every project of the organisation, or None.
        roles: More roles, by team (`maths/`) or by project (`maths/fractions`, or `fractions` outside teams).
        scopes: What the key at hand is limited to; None for no limit.
    """

    name: str
    organisation: str
    role: Role | None = None
    roles: Mapping[str, tuple[Role, ...]] = {}
    scopes: frozenset[Action] | None = None

    def roles_in(self, project: str) -> tuple[Role, ...]:
        """Every role that holds in a project, by its full name (`team/name`, or `name` outside teams)."""
        team = project.partition("/")[0] if "/" in project else ""
        everywhere = (self.role,) if self.role is not None else ()
        here = self.roles.get(project, ())
        return tuple(dict.fromkeys((*everywhere, *(self.roles.get(f"{team}/", ()) if team else ()), *here)))


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
