"""What queries about people return: frozen values, as in `rows`."""

from __future__ import annotations

import msgspec


class UserRow(msgspec.Struct, frozen=True, kw_only=True):
    """A person or a service account."""

    key: int
    id: str
    name: str
    service: bool
    admin: bool
    created_at: int
    created_by: str
    disabled_at: int | None
    disabled_by: str | None


class TeamRow(msgspec.Struct, frozen=True, kw_only=True):
    """A team, with the name of its organisation."""

    key: int
    organisation: int
    organisation_name: str
    id: str
    name: str
    created_at: int
    created_by: str


class EntityRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the name of an organisation or team stands for; `team` is "" for the organisation itself."""

    organisation: int
    organisation_name: str
    team: str


class MemberRow(msgspec.Struct, frozen=True, kw_only=True):
    """A role of a person in a place of an organisation, with the names of both."""

    key: int
    organisation: int
    organisation_name: str
    user: int
    user_name: str
    place: str
    role: str
    segment: str
    added_at: int
    added_by: str


class ApiKeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A key: everything but the key itself. `scopes` and `places` are canonical JSON, or None for no limit."""

    key: int
    user: int
    user_name: str
    public_id: str
    secret_hash: str
    imported: bool
    scopes: str | None
    places: str | None
    created_at: int
    created_by: str
    expires_at: int
    revoked_at: int | None
    revoked_by: str | None
    last_used_at: int | None
