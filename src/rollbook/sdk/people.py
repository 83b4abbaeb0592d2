"""Managing people: the same verbs on a data directory and over a server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

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

ItemT_co = TypeVar("ItemT_co", covariant=True)
Item = TypeVar("Item")


class Paged(Protocol[ItemT_co]):
    """A page, as `rollbook.model.people` has them."""

    @property
    def items(self) -> tuple[ItemT_co, ...]:
        """Its rows."""
        ...

    @property
    def next(self) -> str:
        """What to pass to get the next page, or ""."""
        ...


def all_of(page_after: Callable[[str], Paged[Item]]) -> list[Item]:
    """Every row of all pages, the first being that after ""."""
    page = page_after("")
    found = [*page.items]
    while page.next:
        page = page_after(page.next)
        found += page.items
    return found


class PeopleVerbs(Protocol):
    """Who there is and who may do what; errors are those of the verbs in `rollbook.app`."""

    def viewer(self) -> Viewer:
        """Who asks, and where they have which roles."""
        ...

    def add_user(self, new: NewUser) -> UserFacts:
        """Add a person or a service account."""
        ...

    def users(self) -> list[UserFacts]:
        """All users, by name."""
        ...

    def disable_user(self, name: str) -> UserFacts:
        """Shut a user out."""
        ...

    def enable_user(self, name: str) -> UserFacts:
        """Let a disabled user in again."""
        ...

    def set_password(self, name: str, password: str) -> UserFacts:
        """Give somebody a password."""
        ...

    def add_organisation(self, new: NewOrganisation) -> OrganisationFacts:
        """Add an organisation."""
        ...

    def organisations(self) -> list[OrganisationFacts]:
        """Organisations that the caller knows of, by name."""
        ...

    def add_team(self, new: NewTeam) -> TeamFacts:
        """Add a team to an organisation."""
        ...

    def teams(self, organisation: str = "") -> list[TeamFacts]:
        """Teams of an organisation, or all that the caller knows of, by name."""
        ...

    def add_member(self, new: NewMember) -> MemberFacts:
        """Give somebody a role."""
        ...

    def remove_member(self, gone: NewMember) -> list[MemberFacts]:
        """Take a role away, or all that somebody holds in that very place; returns what was taken away."""
        ...

    def members(self, to: str) -> list[MemberFacts]:
        """Members of an organisation, a team or a project."""
        ...

    def add_key(self, new: NewKey) -> IssuedKey:
        """Make a key, or let one that exists elsewhere work here too."""
        ...

    def keys(self, user: str = "") -> list[KeyFacts]:
        """Keys of a user; without one the caller's own, or everybody's for an administrator."""
        ...

    def revoke_key(self, key: str) -> KeyFacts:
        """End a key at once."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
