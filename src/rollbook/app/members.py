"""Members: give roles in organisations, teams and projects, take them away, and list them."""

from __future__ import annotations

from typing import cast

from rollbook.app.managing import (
    address_of,
    changing,
    is_administrator,
    number_after,
    place_of,
    record,
    require_manager,
    stable_name,
)
from rollbook.app.register import Register
from rollbook.catalog import members, users
from rollbook.catalog.people_rows import MemberRow, UserRow
from rollbook.model.canonical import JSON
from rollbook.model.errors import Forbidden, InvalidInput
from rollbook.model.people import PAGE, MemberFacts, Members, NewMember
from rollbook.model.permission import GRANTABLE, Resource, Role, may
from rollbook.model.reference import parse_segment


def add_member(register: Register, new: NewMember) -> MemberFacts:
    """Give somebody a role. Several roles add up.

    Raises:
        Forbidden: The actor does not manage that place, or gives itself a role there.
        NotFound: There is no such user, team or organisation.
        InvalidInput: The role takes no scope, or the scope is not `key=value{,key=value}`.
        AlreadyExists: The person has that role there already.
    """
    role, segment = _check_role(new), _check_scope(new)
    with changing(register) as (connection, _local):
        entity, place = place_of(register, connection, new.to)
        require_manager(register, entity.organisation_name, place)
        user = users.get(connection, new.user)
        _refuse_own(register, user)
        made = members.add(connection, entity.organisation, user, place, role, register.act(), segment=segment)
        resource = str(Resource(entity.organisation_name, place))
        record(register, connection, entity.organisation, "member.add", resource, _details(user, made))
    return _facts(made)


def remove_member(register: Register, gone: NewMember) -> Members:
    """Take a role away, or every role that somebody holds in that very place.

    Returns:
        The roles that were taken away.

    Raises:
        Forbidden: The actor does not manage that place.
        NotFound: There is no such user, team or organisation, or no such role to take away.
    """
    segment = _check_scope(gone) if gone.scope else None
    if gone.role is not None:
        _check_role(gone)
    with changing(register) as (connection, _local):
        entity, place = place_of(register, connection, gone.to)
        require_manager(register, entity.organisation_name, place)
        user = users.get(connection, gone.user)
        taken = members.remove(connection, entity.organisation, user, place, role=gone.role, segment=segment)
        resource = str(Resource(entity.organisation_name, place))
        for row in taken:
            record(register, connection, entity.organisation, "member.remove", resource, _details(user, row))
    return Members(items=tuple(map(_facts, taken)))


def list_members(register: Register, to: str, after: str = "") -> Members:
    """A page of the members of an organisation, team or project, in the order in which they were added.

    Raises:
        Forbidden: The actor neither manages that place nor reads its audit log.
        NotFound: There is no such team or organisation.
    """
    with register.catalog.read() as connection:
        entity, place = place_of(register, connection, to)
        if not may(register.actor, "audit.read", Resource(entity.organisation_name, place)):
            require_manager(register, entity.organisation_name, place)
        found = members.list_page(connection, entity.organisation, place, after=number_after(after), limit=PAGE)
    return Members(items=tuple(map(_facts, found.items)), next=str(found.next or ""))


def _check_role(new: NewMember) -> Role:
    if new.role not in GRANTABLE:
        raise InvalidInput(f"role {new.role!r} cannot be given", hint=f"one of {', '.join(GRANTABLE)}")
    return new.role


def _check_scope(new: NewMember) -> str:
    if new.scope and new.role not in (None, "educator"):
        raise InvalidInput(f"the role {new.role} takes no scope", hint="only an educator teaches some students")
    return parse_segment(new.scope) if new.scope else ""


def _refuse_own(register: Register, user: UserRow) -> None:
    """An administrator of an organisation reads no data; it must take a second person to change that."""
    if stable_name(user) == register.actor.name and not is_administrator(register.actor):
        raise Forbidden(f"{register.actor.name} may not give itself a role", hint="ask another administrator")


def _details(user: UserRow, row: MemberRow) -> dict[str, JSON]:
    return {"user": stable_name(user), "user_id": user.id, "role": row.role, "scope": row.segment}


def _facts(row: MemberRow) -> MemberFacts:
    return MemberFacts(
        user=row.user_name,
        to=address_of(row.organisation_name, row.place),
        organisation=row.organisation_name,
        role=cast(Role, row.role),
        scope=row.segment,
        added_at=row.added_at,
        added_by=row.added_by,
    )
