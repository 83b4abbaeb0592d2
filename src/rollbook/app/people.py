"""Who somebody is: from a user to an actor in an organisation, with every role that holds there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from rollbook.app.managing import address_of, stable_name
from rollbook.app.register import LOCAL, Register
from rollbook.app.teams import has_role
from rollbook.catalog import Connection, entities, members, users
from rollbook.catalog.people_rows import MemberRow, UserRow
from rollbook.model.errors import Unauthenticated
from rollbook.model.people import PAGE, Entity, Viewer
from rollbook.model.permission import Action, Actor, Role


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in: a user, with what the credential at hand allows.

    Attributes:
        system: The register as the server sees it.
        user: The user.
        grants: Every role, the oldest first.
        scopes: Actions that the credential is limited to, or None.
        places: (organisation, place) that the credential is limited to, or None.
        credential: What the request was signed in with, for logs; never secret.
    """

    system: Register
    user: UserRow
    grants: tuple[MemberRow, ...]
    scopes: frozenset[Action] | None = None
    places: frozenset[tuple[str, str]] | None = None
    credential: str = ""

    @property
    def name(self) -> str:
        """Stable name, such as `user:ana` or `service:ci`."""
        return stable_name(self.user)

    def actor_in(self, entity: str) -> Actor | None:
        """This person as a member of the entity's organisation, or None for a stranger.

        Args:
            entity: Name of a team or organisation; "" for the organisation of the person's default entity, where
                somebody without any role is an actor who may do nothing.
        """
        if not entity:
            return self.actor_of(self._default_organisation())
        organisation = self._organisation_of(entity)
        actor = self.actor_of(organisation) if organisation is not None else None
        return actor if actor is not None and (actor.role or actor.roles) else None

    def actor_of(self, organisation: str) -> Actor:
        """This person in an organisation, with the roles that it holds there."""
        roles: dict[str, list[Role]] = {}
        segments: dict[str, list[str]] = {}
        for grant in self.grants:
            if grant.organisation_name == organisation:
                roles.setdefault(grant.place, []).append(cast(Role, grant.role))
                if grant.role == "educator":
                    segments.setdefault(grant.place, []).append(grant.segment)
        limited = self.places is not None
        return Actor(
            name=self.name,
            organisation=organisation,
            role="admin" if self.user.admin else None,
            roles={place: tuple(dict.fromkeys(held)) for place, held in roles.items()},
            scopes=self.scopes,
            places=frozenset(at for where, at in self.places or () if where == organisation) if limited else None,
            segments={place: tuple(taught) for place, taught in segments.items()},
            administrator=self.user.admin and not limited,
        )

    def _default_organisation(self) -> str:
        allowed = None if self.places is None else {organisation for organisation, _ in self.places}
        own = (grant.organisation_name for grant in self.grants)
        known = [name for name in own if allowed is None or name in allowed]
        return known[0] if known else LOCAL if self.user.admin else ""

    def _organisation_of(self, entity: str) -> str | None:
        for grant in self.grants:
            if entity == grant.organisation_name or grant.place.startswith(f"{entity}/"):
                return grant.organisation_name
        with self.system.catalog.read() as connection:
            found = entities.find(connection, entity)
        return found.organisation_name if found else None


def identity_of(system: Register, user_id: str, scopes: frozenset[Action] | None = None) -> Person:
    """The person with that user id, as somebody who has just proved to be it.

    Raises:
        Unauthenticated: There is no such user, or it is disabled.
    """
    with system.catalog.read() as connection:
        user = users.by_id(connection, user_id)
        if user is None or user.disabled_at is not None:
            raise Unauthenticated("this user may not sign in", hint="ask an administrator")
        return Person(system, user, members.of_user(connection, user.key), scopes)


def viewer(register: Register) -> Viewer:
    """Who the actor is, and where it has which roles."""
    actor = register.actor
    with register.catalog.read() as connection:
        if actor.role == "owner":
            actors = [Actor(actor.name, name, "owner") for name in _organisations(connection)]
            owned = tuple(entity for one in actors for entity in _entities(connection, one))
            return Viewer(name=actor.name, admin=True, default_entity=LOCAL, entities=owned)
        user = users.get(connection, actor.name.partition(":")[2])
        grants = members.of_user(connection, user.key)
        person = Person(register, user, grants)
        names = _organisations(connection) if user.admin else [grant.organisation_name for grant in grants]
        actors = [person.actor_of(name) for name in dict.fromkeys(names)]
        found = tuple(entity for one in actors for entity in _entities(connection, one))
    return Viewer(name=actor.name, admin=user.admin, default_entity=_default_entity(actor, grants), entities=found)


def _default_entity(actor: Actor, grants: Iterable[MemberRow]) -> str:
    """The team or organisation of the oldest role that the credential at hand may use."""
    for grant in grants:
        within = (at for at in actor.places or () if at.startswith(grant.place))
        usable = any(actor.roles_in(at) for at in (grant.place, *within))
        if grant.organisation_name == actor.organisation and usable:
            return address_of(grant.organisation_name, grant.place).partition("/")[0]
    return actor.organisation


def _organisations(connection: Connection) -> list[str]:
    names: list[str] = []
    after: str | None = ""
    while after is not None:
        found = entities.list_organisations(connection, after=after, limit=PAGE)
        names += [row.name for row in found.items]
        after = found.next
    return names or [LOCAL]


def _teams(connection: Connection, organisation: str) -> Iterable[str]:
    found = entities.find(connection, organisation)
    after: str | None = "" if found is not None else None
    while found is not None and after is not None:
        teams = entities.list_teams(connection, found.organisation, after=after, limit=PAGE)
        yield from (row.name for row in teams.items)
        after = teams.next


def _entities(connection: Connection, actor: Actor) -> Iterable[Entity]:
    """The organisation of an actor and its teams, where the actor has a role in it or in a project of it."""
    outside = {place: held for place, held in actor.roles.items() if place and "/" not in place}
    if actor.roles_in("") or outside:
        yield _entity(actor, actor.organisation, "organisation", "", outside)
    for team in _teams(connection, actor.organisation):
        if has_role(actor, f"{team}/"):
            inside = {place: held for place, held in actor.roles.items() if place.startswith(f"{team}/")}
            yield _entity(actor, team, "team", f"{team}/", inside)


def _entity(
    actor: Actor, name: str, kind: Literal["organisation", "team"], place: str, inside: Mapping[str, tuple[Role, ...]]
) -> Entity:
    projects = {at.removeprefix(place): held for at, held in inside.items() if at != place}
    return Entity(name=name, kind=kind, organisation=actor.organisation, roles=actor.roles_in(place), projects=projects)
