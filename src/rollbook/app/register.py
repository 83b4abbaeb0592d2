"""The register: what every verb works on. Clock, randomness and the actor are given, never looked up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rollbook.blobs import Blobs
from rollbook.catalog import Catalog, Connection, audit, projects
from rollbook.catalog.rows import Act, ProjectRow
from rollbook.model import ids
from rollbook.model.canonical import JSON
from rollbook.model.names import check_project
from rollbook.model.permission import Action, Actor, Resource, require

LOCAL = "local"
"""The organisation of an embedded data directory. Its key domains are called like its projects."""


@dataclass(frozen=True)
class Register:
    """An open register and the actor who uses it.

    A project is named by its full name: `team/name`, or `name` alone where it belongs to no team.

    Attributes:
        catalog: Names and facts.
        blobs: Bytes by digest.
        root: Data directory, for run journals and keys.
        actor: Who acts.
        clock: UTC microseconds.
        random: So many random bytes.
    """

    catalog: Catalog
    blobs: Blobs
    root: Path
    actor: Actor
    clock: Callable[[], int]
    random: Callable[[int], bytes]

    def new_id(self) -> str:
        """A fresh UUIDv7."""
        return ids.uuid7(self.clock(), self.random(ids.RANDOM_BYTES))

    def allow(self, action: Action, project: str, name: str = "") -> Resource:
        """The resource, where the actor may act on it.

        Raises:
            Forbidden: The actor may not.
            InvalidName: The project's name is not allowed.
        """
        resource = Resource(self.actor.organisation, check_project(project), name)
        require(self.actor, action, resource)
        return resource

    def project(self, connection: Connection, name: str) -> ProjectRow:
        """The project of that name.

        Raises:
            NotFound: There is none.
        """
        organisation = projects.get_organisation(connection, self.actor.organisation)
        return projects.get_project(connection, organisation, name)

    def ensure_project(self, connection: Connection, name: str) -> ProjectRow:
        """The project of that name, made where it is not there."""
        at = self.clock()
        organisation = projects.ensure_organisation(connection, self.actor.organisation, id=self.new_id(), at=at)
        found = projects.find_project(connection, organisation, name)
        if found is not None:
            return found
        # A key domain of its own by default: pseudonyms of two projects do not join unless an administrator says so.
        project_id = self.new_id()
        domain = name if self.actor.organisation == LOCAL and "/" not in name else project_id
        made = projects.ensure_project(
            connection, organisation, check_project(name), id=project_id, key_domain=domain, at=at
        )
        self.record(connection, made, "project.create", Resource(self.actor.organisation, name), {"id": made.id})
        return made

    def act(self, reason: str = "") -> Act:
        """Who acts, now, and why."""
        return Act(actor=self.actor.name, at=self.clock(), reason=reason)

    def record(
        self, connection: Connection, project: ProjectRow, action: str, resource: Resource, details: dict[str, JSON]
    ) -> None:
        """Append the audit entry of what this transaction does."""
        audit.append(
            connection,
            project.organisation,
            audit.AuditValues(
                project=project.key,
                at=self.clock(),
                actor=self.actor.name,
                action=action,
                resource=str(resource),
                details=details,
            ),
        )
