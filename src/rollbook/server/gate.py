"""The gate: who asks, and may they? Asked before every route's own code, and before its body is read.

A route without an `Access` does not exist: `Routes` asks for one, and a test walks every route of the application.
The verbs ask again (`Register.allow`): the gate keeps strangers out, the verbs keep mistakes of routes harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import msgspec
from starlette.requests import HTTPConnection

from rollbook.app.register import Register
from rollbook.model.errors import NotFound
from rollbook.model.names import check_project
from rollbook.model.permission import Action, Actor, Resource, require
from rollbook.server.identify import identify
from rollbook.server.observed import note
from rollbook.server.state import state_of

Who = Literal["anyone", "member"]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Access(msgspec.Struct, frozen=True):
    """What a route needs.

    Attributes:
        needs: An action, asked for on the project in the path (on the entity where the path names no project);
            `member` for anybody who is signed in; `anyone` for routes before signing in.
        metered: Whether requests count towards what a caller may ask in a while. What moves bytes is bounded by them.
    """

    needs: Action | Who
    metered: bool = True


def enter(connection: HTTPConnection, access: Access) -> Register:
    """Let a request in, and give it the register as its caller sees it.

    Raises:
        Unauthenticated: Nobody is signed in.
        TooManyRequests: The caller asks more often than anybody may.
        Forbidden: The caller may not do this.
        NotFound: There is no such entity, or the caller must not know that there is.
    """
    state = state_of(connection)
    if access.needs == "anyone":
        return state.register_for(Actor("anyone", ""))
    who = identify(connection)
    note(connection.scope, caller=who.name)
    if access.metered:
        state.callers.take(who.name)
    entity = connection.path_params.get("entity", "")
    actor = who.actor_in(entity)
    if actor is None:
        raise NotFound(f"no team or organisation {entity!r}", hint="see 'rollbook whoami'")
    register = state.register_for(actor)
    if access.needs != "member":
        project = project_of(connection, actor)
        if project and not actor.roles_in(project):
            raise NotFound(f"no project {project!r}", hint="see 'rollbook ls --projects'")
        require(actor, access.needs, Resource(actor.organisation, project))
        if project:
            note(connection.scope, project=project)
    return register


def project_of(connection: HTTPConnection, actor: Actor) -> str:
    """The full name of the project in the path, or "" where there is none.

    Raises:
        InvalidName: The name is not allowed.
    """
    name = connection.path_params.get("project", "")
    if not name:
        return ""
    entity = connection.path_params["entity"]
    return check_project(name if entity == actor.organisation else f"{entity}/{name}")


def open_to_all(endpoint: Endpoint) -> Endpoint:
    """Mark a plain endpoint as one that everybody may reach, for the route matrix."""
    endpoint.access = Access("anyone")  # type: ignore[attr-defined]
    return endpoint
