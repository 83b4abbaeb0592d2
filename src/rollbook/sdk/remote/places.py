"""Which project is meant: what a caller calls it, its full name, and its path on the server.

A full name is `team/name`, or `name` alone for a project of the organisation itself. On the server's paths an entity
always stands before the name: the team, or the organisation.
"""

from __future__ import annotations

from rollbook.model.errors import Forbidden, NotFound
from rollbook.model.people import Entity, Viewer
from rollbook.sdk.remote.client import project_path


class Places:
    """Projects as one caller sees them.

    Args:
        viewer: Who calls.
        entity: The organisation or team in which projects are looked for that none is named for; "" for the caller's
            own.

    Raises:
        NotFound: The caller knows no such entity.
        Forbidden: The caller has no role anywhere.
    """

    def __init__(self, viewer: Viewer, entity: str = "") -> None:
        wanted = entity or viewer.default_entity
        known = {item.name: item for item in viewer.entities}
        if not wanted:
            raise Forbidden(f"{viewer.name} has no role anywhere", hint="ask an administrator for a role")
        if wanted not in known:
            raise NotFound(f"no team or organisation {wanted!r}", hint=f"there is {', '.join(known) or 'none'}")
        self.entity: Entity = known[wanted]

    @property
    def organisation(self) -> str:
        """The organisation at hand."""
        return self.entity.organisation

    def full_name(self, project: str) -> str:
        """The full name of what a caller calls a project."""
        entity, _, name = project.rpartition("/")
        if not entity:
            return project if self.entity.kind == "organisation" else f"{self.entity.name}/{project}"
        return name if entity == self.organisation else project

    def path(self, project: str, organisation: str = "") -> str:
        """The path of a project, by its full name, in the organisation at hand or in another."""
        entity, _, name = project.rpartition("/")
        return project_path(entity or organisation or self.organisation, name)
