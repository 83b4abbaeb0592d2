"""People: who asks, users, organisations, teams, members and keys.

Routes about a team or organisation name it in the path, so that the caller is seen as a member of it. What a caller
manages there is decided by the verb: an administrator of a team may do with its members what one of the whole
organisation may do with all.
"""

from __future__ import annotations

from rollbook.app import apikeys, members, people, teams, users
from rollbook.model.errors import InvalidInput
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
from rollbook.server.routes import Call, Routes

routes = Routes("people")


@routes.add("GET", "/viewer", needs="member", gives=Viewer)
def get_viewer(call: Call) -> Viewer:
    """Who asks, and where they have which roles."""
    return people.viewer(call.register)


@routes.add("GET", "/users", needs="people.manage", gives=Users)
def list_users(call: Call, after: str = "") -> Users:
    """Users by name. Only for administrators of the server."""
    return users.list_users(call.register, after)


@routes.add("POST", "/users", needs="people.manage", takes=NewUser, gives=UserFacts)
def add_user(call: Call) -> UserFacts:
    """Add a person or a service account. Only for administrators of the server."""
    return call.once(lambda register: users.add_user(register, call.body))


@routes.add("POST", "/users/{user}/disable", needs="people.manage", gives=UserFacts)
def disable_user(call: Call, user: str) -> UserFacts:
    """Shut a user out: all keys are revoked and all sessions end. Only for administrators of the server."""
    return users.disable_user(call.register, user)


@routes.add("POST", "/users/{user}/enable", needs="people.manage", gives=UserFacts)
def enable_user(call: Call, user: str) -> UserFacts:
    """Let a disabled user in again. Only for administrators of the server."""
    return users.enable_user(call.register, user)


@routes.add("GET", "/organisations", needs="member", gives=Organisations)
def list_organisations(call: Call, after: str = "") -> Organisations:
    """Organisations by name: all for an administrator of the server, else the caller's own."""
    return teams.list_organisations(call.register, after)


@routes.add("POST", "/organisations", needs="people.manage", takes=NewOrganisation, gives=OrganisationFacts)
def add_organisation(call: Call) -> OrganisationFacts:
    """Add an organisation. Only for administrators of the server."""
    return call.once(lambda register: teams.add_organisation(register, call.body))


@routes.add("GET", "/teams", needs="member", gives=Teams)
def list_teams(call: Call, after: str = "") -> Teams:
    """Teams by name: all for an administrator of the server, else those of the caller's own organisation."""
    return teams.list_teams(call.register, after=after)


@routes.add("GET", "/organisations/{entity}/teams", needs="member", gives=Teams)
def list_teams_of_organisation(call: Call, entity: str, after: str = "") -> Teams:
    """Teams of an organisation in which the caller has a role, by name."""
    return teams.list_teams(call.register, entity, after)


@routes.add("POST", "/organisations/{entity}/teams", needs="people.manage", takes=NewTeam, gives=TeamFacts)
def add_team(call: Call, entity: str) -> TeamFacts:
    """Add a team to an organisation."""
    _check_same(entity, call.body.organisation)
    return call.once(lambda register: teams.add_team(register, call.body))


@routes.add("GET", "/entities/{entity}/members", needs="member", gives=Members)
def list_members(call: Call, entity: str, project: str = "", after: str = "") -> Members:
    """Members of an organisation, a team or one of its projects."""
    return members.list_members(call.register, f"{entity}/{project}" if project else entity, after)


@routes.add("POST", "/entities/{entity}/members", needs="member", takes=NewMember, gives=MemberFacts)
def add_member(call: Call, entity: str) -> MemberFacts:
    """Give somebody a role in an organisation, a team or one of its projects."""
    _check_same(entity, call.body.to.partition("/")[0])
    return call.once(lambda register: members.add_member(register, call.body))


@routes.add("POST", "/entities/{entity}/members/remove", needs="member", takes=NewMember, gives=Members)
def remove_member(call: Call, entity: str) -> Members:
    """Take a role away, or every role that somebody holds in that very place."""
    _check_same(entity, call.body.to.partition("/")[0])
    return call.once(lambda register: members.remove_member(register, call.body))


@routes.add("GET", "/keys", needs="member", gives=Keys)
def list_keys(call: Call, user: str = "", after: str = "") -> Keys:
    """Keys of a user; without one, the caller's own, or everybody's for an administrator of the server."""
    return apikeys.list_keys(call.register, user, after)


@routes.add("POST", "/keys", needs="member", takes=NewKey, gives=IssuedKey)
def add_key(call: Call) -> IssuedKey:
    """Make a key, or let a key that exists elsewhere work here too. The only time that a key is shown."""
    if call.body.secret:
        return call.once(lambda register: apikeys.add_key(register, call.body))
    # An answer that is told again is kept, and a key must not be: where it was lost, the caller makes another key.
    return apikeys.add_key(call.register, call.body)


@routes.add("POST", "/keys/{key}/revoke", needs="member", gives=KeyFacts)
def revoke_key(call: Call, key: str) -> KeyFacts:
    """End a key at once."""
    return apikeys.revoke_key(call.register, key)


def _check_same(entity: str, named: str) -> None:
    if named != entity:
        raise InvalidInput(f"the path names {entity!r} and the document {named!r}", hint="name the same in both")
