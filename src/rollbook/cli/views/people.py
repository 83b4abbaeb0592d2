"""Users, organisations, teams, members and keys, as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rollbook.cli.layout import Block, Facts, Table
from rollbook.cli.words import DASH, ago, listed, moment, person
from rollbook.model.people import (
    Entity,
    IssuedKey,
    KeyFacts,
    MemberFacts,
    OrganisationFacts,
    TeamFacts,
    UserFacts,
    Viewer,
)


def _when(at: int | None, now: int | None) -> str:
    return moment(at) if now is None else ago(at, now)


def users(found: Sequence[UserFacts], now: int | None) -> Iterator[Block]:
    """A table of users."""
    if not found:
        yield "no users yet: rollbook user add NAME"
        return
    rows = tuple((user.name, _kind(user), _state(user), _when(user.created_at, now)) for user in found)
    yield Table(("user", "kind", "state", "added"), rows)


def _kind(user: UserFacts) -> str:
    kind = "service account" if user.service else "person"
    return f"{kind}, administrator" if user.admin else kind


def _state(user: UserFacts) -> str:
    return "active" if user.disabled_at is None else "disabled"


def organisations(found: Sequence[OrganisationFacts], now: int | None) -> Iterator[Block]:
    """A table of organisations."""
    rows = tuple((organisation.name, _when(organisation.created_at, now)) for organisation in found)
    yield Table(("organisation", "added"), rows) if rows else "no organisations yet: rollbook org add NAME"


def teams(found: Sequence[TeamFacts], now: int | None) -> Iterator[Block]:
    """A table of teams."""
    rows = tuple((team.name, team.organisation, _when(team.created_at, now)) for team in found)
    yield Table(("team", "organisation", "added"), rows) if rows else "no teams yet: rollbook team add NAME --org ORG"


def members(found: Sequence[MemberFacts], now: int | None) -> Iterator[Block]:
    """A table of members."""
    if not found:
        yield "no members yet: rollbook member add USER --to TEAM --role ROLE"
        return
    rows = tuple(
        (item.user, item.to, item.role, item.scope or DASH, _when(item.added_at, now), person(item.added_by))
        for item in found
    )
    yield Table(("user", "in", "role", "students", "added", "by"), rows)


def keys(found: Sequence[KeyFacts], now: int | None, at: int) -> Iterator[Block]:
    """A table of keys.

    Args:
        found: The keys.
        now: For ages; None for dates.
        at: UTC microseconds, to tell what has expired.
    """
    if not found:
        yield "no keys yet: rollbook key add --user NAME"
        return
    rows = tuple(
        (key.id, key.user, _limits(key), _key_state(key, at), moment(key.expires_at), _when(key.last_used_at, now))
        for key in found
    )
    yield Table(("key", "user", "limited to", "state", "expires", "last used"), rows, fold=("limited to",))


def _limits(key: KeyFacts) -> str:
    parts = [*(key.scopes if key.scopes is not None else ()), *(f"in {name}" for name in key.projects or ())]
    return ", ".join(parts) or ("nothing" if key.scopes is not None else DASH)


def _key_state(key: KeyFacts, at: int) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if at >= key.expires_at else "active"


def issued(made: IssuedKey) -> Iterator[Block]:
    """A key that was just made."""
    facts = made.facts
    if made.key:
        yield made.key
        yield "Keep it now: it is not shown again."
    else:
        yield f"The imported key works as key {facts.id}."
    shown = (("key", facts.id), ("user", facts.user), ("limited to", _limits(facts)))
    yield Facts((*shown, ("expires", moment(facts.expires_at))))


def viewer(found: Viewer) -> Iterator[Block]:
    """Who asks, and where they have which roles."""
    manages = (("manages", "this server"),) if found.admin else ()
    yield Facts((("name", found.name), ("default", found.default_entity or DASH), *manages))
    if found.entities:
        yield Table(("entity", "kind", "roles"), tuple(map(_entity, found.entities)))


def _entity(entity: Entity) -> tuple[str, str, str]:
    inside = (f"{', '.join(roles)} in {name}" for name, roles in sorted(entity.projects.items()))
    return entity.name, entity.kind, listed([*entity.roles, *inside]).replace("\n", " ")
