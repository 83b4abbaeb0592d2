"""Managing people of a data directory, as its owner. Implements `rollbook.sdk.people.PeopleVerbs`."""

from __future__ import annotations

from rollbook.app import apikeys, members, people, signin, teams, users
from rollbook.app.register import Register
from rollbook.model.extras import needs_extra
from rollbook.model.people import (
    IssuedKey,
    KeyFacts,
    MemberFacts,
    NewKey,
    NewMember,
    NewOrganisation,
    NewTeam,
    NewUser,
    OrganisationFacts,
    TeamFacts,
    UserFacts,
    Viewer,
)
from rollbook.sdk.people import all_of


class OwnedPeople:
    """The people of an open register."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def viewer(self) -> Viewer:
        """The owner."""
        return people.viewer(self._register)

    def add_user(self, new: NewUser) -> UserFacts:
        """Add a person or a service account."""
        return users.add_user(self._register, new)

    def users(self) -> list[UserFacts]:
        """All users, by name."""
        return all_of(lambda after: users.list_users(self._register, after))

    def disable_user(self, name: str) -> UserFacts:
        """Shut a user out."""
        return users.disable_user(self._register, name)

    def enable_user(self, name: str) -> UserFacts:
        """Let a disabled user in again."""
        return users.enable_user(self._register, name)

    def set_password(self, name: str, password: str) -> UserFacts:
        """Give somebody a password."""
        with needs_extra("server"):
            from rollbook.server.passwords import hash_password
        return signin.set_password(self._register, name, hash_password(password, name))

    def add_organisation(self, new: NewOrganisation) -> OrganisationFacts:
        """Add an organisation."""
        return teams.add_organisation(self._register, new)

    def organisations(self) -> list[OrganisationFacts]:
        """All organisations, by name."""
        return all_of(lambda after: teams.list_organisations(self._register, after))

    def add_team(self, new: NewTeam) -> TeamFacts:
        """Add a team to an organisation."""
        return teams.add_team(self._register, new)

    def teams(self, organisation: str = "") -> list[TeamFacts]:
        """Teams of an organisation, or all, by name."""
        return all_of(lambda after: teams.list_teams(self._register, organisation, after))

    def add_member(self, new: NewMember) -> MemberFacts:
        """Give somebody a role."""
        return members.add_member(self._register, new)

    def remove_member(self, gone: NewMember) -> list[MemberFacts]:
        """Take a role away, or all that somebody holds in that very place; returns what was taken away."""
        return [*members.remove_member(self._register, gone).items]

    def members(self, to: str) -> list[MemberFacts]:
        """Members of an organisation, a team or a project."""
        return all_of(lambda after: members.list_members(self._register, to, after))

    def add_key(self, new: NewKey) -> IssuedKey:
        """Make a key, or let one that exists elsewhere work here too."""
        return apikeys.add_key(self._register, new)

    def keys(self, user: str = "") -> list[KeyFacts]:
        """Keys of a user, or everybody's."""
        return all_of(lambda after: apikeys.list_keys(self._register, user, after))

    def revoke_key(self, key: str) -> KeyFacts:
        """End a key at once."""
        return apikeys.revoke_key(self._register, key)

    def close(self) -> None:
        """Let go of files and connections."""
        self._register.catalog.close()
        self._register.blobs.close()
