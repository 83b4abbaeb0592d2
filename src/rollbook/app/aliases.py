"""Aliases: set, promote, roll back, delete. Each is a compare-and-swap with one audit entry in the same transaction."""

from __future__ import annotations

from typing import Literal

from rollbook.app.found import locate
from rollbook.app.paging import PAGE, number_in, word_of
from rollbook.app.register import Register
from rollbook.catalog import Connection, alias_history, aliases, collections
from rollbook.catalog.aliases import ANY, Expectation, Moved
from rollbook.catalog.rows import CollectionRow, MoveRow, ProjectRow
from rollbook.model import reference as references
from rollbook.model.errors import Conflict, InvalidInput
from rollbook.model.facts import AliasMove
from rollbook.model.names import check_name
from rollbook.model.permission import Action
from rollbook.model.wire import MovePage


def set_alias(
    register: Register,
    reference: str,
    alias: str,
    project: str,
    *,
    segment: str = "",
    reason: str = "",
    expected: int | Expectation | None = ANY,
    action: Literal["set", "promote"] = "set",
) -> AliasMove:
    """Point an alias at a version of its collection.

    Args:
        register: The register.
        reference: The version.
        alias: Its new name.
        project: Project at hand.
        segment: `key=value{,key=value}` for which the alias holds, or "".
        reason: Why; kept for ever.
        expected: Number where the alias must point now, None where it must point nowhere, or `ANY`.
        action: Why history says that it moved.

    Raises:
        Conflict: The alias points elsewhere than expected.
        NotFound: There is no such version.
    """
    check_name(alias, "alias")
    canonical_segment = references.parse_segment(segment) if segment else ""
    with register.catalog.write() as connection:
        target = locate(register, connection, reference, project)
        permission: Action = "alias.promote" if action == "promote" else "alias.move"
        register.allow(permission, target.project_name, f"{target.collection_name}:{alias}")
        row = register.project(connection, target.project_name)
        collection = collections.get(connection, row, target.collection_name)
        moved = aliases.move(
            connection,
            collection,
            alias,
            target.number,
            register.act(reason),
            segment=canonical_segment,
            expected=expected,
            action=action,
        )
        return _recorded(register, connection, row, collection, moved, reason)


def delete_alias(
    register: Register, collection: str, alias: str, project: str, *, segment: str = "", reason: str = ""
) -> AliasMove:
    """Take an alias away; its history stays.

    Raises:
        NotFound: There is no such alias.
    """
    canonical_segment = references.parse_segment(segment) if segment else ""
    register.allow("alias.move", project, f"{collection}:{alias}")
    with register.catalog.write() as connection:
        row = register.project(connection, project)
        found = collections.get(connection, row, collection)
        aliases.holder(connection, found, alias, canonical_segment)
        moved = aliases.move(
            connection, found, alias, None, register.act(reason), segment=canonical_segment, action="delete"
        )
        return _recorded(register, connection, row, found, moved, reason)


def rollback(
    register: Register, collection: str, alias: str, project: str, *, segment: str = "", reason: str = ""
) -> AliasMove:
    """Put an alias back where it was before its newest move that was not taken back yet.

    Raises:
        NotFound: There is no such alias, or it was nowhere before.
        Conflict: The version before was deleted.
    """
    canonical_segment = references.parse_segment(segment) if segment else ""
    register.allow("alias.promote", project, f"{collection}:{alias}")
    with register.catalog.write() as connection:
        row = register.project(connection, project)
        found = collections.get(connection, row, collection)
        moved = aliases.roll_back(connection, found, alias, register.act(reason), segment=canonical_segment)
        return _recorded(register, connection, row, found, moved, reason)


def history(
    register: Register, collection: str, alias: str, project: str, *, after: str | None = None, limit: int = PAGE
) -> MovePage:
    """Every move of an alias in all its segments, newest first; of all aliases where `alias` is ""."""
    register.allow("version.read", project, collection)
    with register.catalog.read() as connection:
        found = collections.get(connection, register.project(connection, project), collection)
        page = alias_history.list_page(connection, found, alias=alias or None, before=number_in(after), limit=limit)
    return MovePage(tuple(_facts(collection, move) for move in page.items), word_of(page.next))


def record_move(
    register: Register, connection: Connection, project: ProjectRow, collection: CollectionRow, move: MoveRow
) -> None:
    """The audit entry of an alias move."""
    label = aliases.label(move.alias, move.segment)
    resource = register.allow("alias.move", project.name, f"{collection.name}:{label}")
    register.record(
        connection,
        project,
        f"alias.{move.action}",
        resource,
        {"from": move.from_number, "to": move.to_number, "reason": move.reason},
    )


def _recorded(
    register: Register,
    connection: Connection,
    project: ProjectRow,
    collection: CollectionRow,
    moved: Moved,
    reason: str,
) -> AliasMove:
    if moved.move is not None:
        record_move(register, connection, project, collection, moved.move)
        return _facts(collection.name, moved.move)
    if moved.alias.number is None:
        raise Conflict(f"alias {moved.alias.alias!r} points nowhere already", hint="nothing changed")
    return AliasMove(
        alias=moved.alias.alias,
        segment=moved.alias.segment,
        collection=collection.name,
        from_number=moved.alias.number,
        to_number=moved.alias.number,
        action="unchanged",
        actor=register.actor.name,
        reason=reason,
        at=moved.alias.moved_at,
    )


def _facts(collection: str, move: MoveRow) -> AliasMove:
    return AliasMove(
        alias=move.alias,
        segment=move.segment,
        collection=collection,
        from_number=move.from_number,
        to_number=move.to_number,
        action=move.action,
        actor=move.actor,
        reason=move.reason,
        at=move.at,
    )


def check_action(action: str) -> Literal["set", "promote"]:
    """Return `action` where it names a way to move an alias forward.

    Raises:
        InvalidInput: It does not.
    """
    if action == "set" or action == "promote":  # noqa: PLR1714 - narrows the type
        return action
    raise InvalidInput(f"action {action!r} does not move an alias", hint="'set' or 'promote'")
