"""Who may do what: one pure function, default deny, called by every verb before it does anything."""

from __future__ import annotations

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
]

_WRITE: frozenset[Action] = frozenset({"project.create", "run.write", "version.write", "note.write", "alias.move"})
_READ: frozenset[Action] = frozenset({"run.read", "version.read", "aggregate.read"})
_ROWS: frozenset[Action] = frozenset({"rows.read"})
_TRUST: frozenset[Action] = frozenset({"alias.promote", "audit.read", "store.verify"})

GRANTS: dict[Role, frozenset[Action]] = {
    "owner": _WRITE | _READ | _ROWS | _TRUST,
    "viewer": frozenset({"aggregate.read"}),
    "educator": frozenset({"aggregate.read"}),
    "analyst": _WRITE | _READ | _ROWS,
    "admin": frozenset({"project.create", "alias.promote", "aggregate.read", "store.verify"}),
    "auditor": frozenset({"audit.read", "store.verify"}),
    "service": frozenset({"run.write", "run.read", "version.write", "version.read"}),
}
"""What each role may do. The owner of an embedded directory is alone with it, and still leaves audit entries."""


class Actor(msgspec.Struct, frozen=True):
    """Who asks.

    Attributes:
        name: Stable name, such as `user:ana`.
        organisation: The only organisation this actor belongs to.
        role: The actor's role in the project at hand.
    """

    name: str
    organisation: str
    role: Role


class Resource(msgspec.Struct, frozen=True):
    """What is asked for: a project, or something in it."""

    organisation: str
    project: str
    name: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.organisation, self.project, self.name) if part)


def may(actor: Actor, action: Action, resource: Resource) -> bool:
    """Whether the actor may do it: same organisation, and granted to the role."""
    return actor.organisation == resource.organisation and action in GRANTS.get(actor.role, frozenset())


def require(actor: Actor, action: Action, resource: Resource) -> None:
    """Pass, or refuse.

    Raises:
        Forbidden: The actor may not do this.
    """
    if not may(actor, action, resource):
        raise Forbidden(
            f"{actor.name} ({actor.role}) may not {action} on {resource}", hint="ask an administrator for a role"
        )
