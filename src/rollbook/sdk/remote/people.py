"""Managing people of a server. Implements `rollbook.sdk.people.PeopleVerbs`."""

from __future__ import annotations

from urllib.parse import quote

from rollbook.model.people import (
    IssuedKey,
    KeyFacts,
    Keys,
    MemberFacts,
    Members,
    NewKey,
    NewMember,
    NewOrganisation,
    NewTeam,
    NewUser,
    OrganisationFacts,
    Organisations,
    TeamFacts,
    Teams,
    UserFacts,
    Users,
    Viewer,
)
from rollbook.model.session import GivenPassword
from rollbook.sdk.people import all_of
from rollbook.sdk.remote.client import Client


class RemotePeople:
    """The people of one server.

    Args:
        client: Connections to it.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def viewer(self) -> Viewer:
        """Who the key belongs to, and where they have which roles."""
        return self._client.get("/viewer", Viewer)

    def add_user(self, new: NewUser) -> UserFacts:
        """Add a person or a service account."""
        return self._client.send("POST", "/users", UserFacts, new)

    def users(self) -> list[UserFacts]:
        """All users, by name."""
        return all_of(lambda after: self._client.get("/users", Users, after=after))

    def disable_user(self, name: str) -> UserFacts:
        """Shut a user out."""
        return self._client.send("POST", f"/users/{_word(name)}/disable", UserFacts)

    def enable_user(self, name: str) -> UserFacts:
        """Let a disabled user in again."""
        return self._client.send("POST", f"/users/{_word(name)}/enable", UserFacts)

    def set_password(self, name: str, password: str) -> UserFacts:
        """Give somebody a password."""
        return self._client.send("POST", f"/users/{_word(name)}/password", UserFacts, GivenPassword(password=password))

    def add_organisation(self, new: NewOrganisation) -> OrganisationFacts:
        """Add an organisation."""
        return self._client.send("POST", "/organisations", OrganisationFacts, new)

    def organisations(self) -> list[OrganisationFacts]:
        """Organisations that the caller knows of, by name."""
        return all_of(lambda after: self._client.get("/organisations", Organisations, after=after))

    def add_team(self, new: NewTeam) -> TeamFacts:
        """Add a team to an organisation."""
        return self._client.send("POST", f"/organisations/{_word(new.organisation)}/teams", TeamFacts, new)

    def teams(self, organisation: str = "") -> list[TeamFacts]:
        """Teams of an organisation, or all that the caller knows of, by name."""
        path = f"/organisations/{_word(organisation)}/teams" if organisation else "/teams"
        return all_of(lambda after: self._client.get(path, Teams, after=after))

    def add_member(self, new: NewMember) -> MemberFacts:
        """Give somebody a role."""
        return self._client.send("POST", f"{_members(new.to)}", MemberFacts, new)

    def remove_member(self, gone: NewMember) -> list[MemberFacts]:
        """Take a role away, or all that somebody holds in that very place; returns what was taken away."""
        return [*self._client.send("POST", f"{_members(gone.to)}/remove", Members, gone).items]

    def members(self, to: str) -> list[MemberFacts]:
        """Members of an organisation, a team or a project."""
        project = to.partition("/")[2]
        return all_of(lambda after: self._client.get(_members(to), Members, project=project, after=after))

    def add_key(self, new: NewKey) -> IssuedKey:
        """Make a key, or let one that exists elsewhere work here too."""
        return self._client.send("POST", "/keys", IssuedKey, new)

    def keys(self, user: str = "") -> list[KeyFacts]:
        """Keys of a user; without one the caller's own, or everybody's for an administrator."""
        return all_of(lambda after: self._client.get("/keys", Keys, user=user, after=after))

    def revoke_key(self, key: str) -> KeyFacts:
        """End a key at once."""
        return self._client.send("POST", f"/keys/{_word(key)}/revoke", KeyFacts)

    def close(self) -> None:
        """Close every connection."""
        self._client.close()


def _word(name: str) -> str:
    return quote(name, safe="")


def _members(to: str) -> str:
    return f"/entities/{_word(to.partition('/')[0])}/members"
