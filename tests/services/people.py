"""The people of the tests' servers: one of each role, each with a key."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import get_args

from rollbook.app import apikeys, datadir, members, teams, users
from rollbook.app.register import Register
from rollbook.model.errors import AlreadyExists
from rollbook.model.people import NewKey, NewMember, NewOrganisation, NewTeam, NewUser
from rollbook.model.permission import Role

HOME, TEAM, ELSEWHERE = "local", "maths", "elsewhere"
ROLES: tuple[Role, ...] = tuple(role for role in get_args(Role) if role != "owner")


def populate(register: Register) -> Mapping[str, str]:
    """Add people to a register, as its owner.

    Returns:
        A key of each, by login name: one called like each role, who has it in all of the organisation `local` (the
        administrator of the server is `root`); `nobody` without any role; `mathematician`, an analyst of the team
        `maths` of `local`; and `stranger`, an analyst of the organisation `elsewhere`.
    """
    teams.add_organisation(register, NewOrganisation(name=ELSEWHERE))
    teams.add_team(register, NewTeam(name=TEAM, organisation=HOME))
    keys = {"root": _add(register, "root", admin=True), "nobody": _add(register, "nobody")}
    for role in ROLES:
        keys[role] = _add(register, role, service=role == "service", to=HOME, role=role)
    keys["mathematician"] = _add(register, "mathematician", to=TEAM, role="analyst")
    keys["stranger"] = _add(register, "stranger", to=ELSEWHERE, role="analyst")
    return keys


def populate_directory(data_dir: Path) -> Mapping[str, str]:
    """The same for a data directory, which is made where it is not there."""
    register = datadir.open_directory(
        data_dir, user="user:owner", clock=lambda: time.time_ns() // 1000, random=secrets.token_bytes, create=True
    )
    try:
        return populate(register)
    finally:
        register.catalog.close()
        register.blobs.close()


def add_organisation(data_dir: Path, name: str, user: str) -> str:
    """Add an organisation to a data directory, and a user who may do all there; returns a key of the user's."""
    register = datadir.open_directory(
        data_dir, user="user:owner", clock=lambda: time.time_ns() // 1000, random=secrets.token_bytes
    )
    try:
        teams.add_organisation(register, NewOrganisation(name=name))
        with suppress(AlreadyExists):
            users.add_user(register, NewUser(name=user))
        for role in ("analyst", "admin", "auditor"):
            members.add_member(register, NewMember(user=user, to=name, role=role))
        return apikeys.add_key(register, NewKey(user=user)).key
    finally:
        register.catalog.close()
        register.blobs.close()


def _add(
    register: Register, name: str, *, admin: bool = False, service: bool = False, to: str = "", role: Role | None = None
) -> str:
    users.add_user(register, NewUser(name=name, admin=admin, service=service))
    if role is not None:
        members.add_member(register, NewMember(user=name, to=to, role=role))
    return apikeys.add_key(register, NewKey(user=name)).key
