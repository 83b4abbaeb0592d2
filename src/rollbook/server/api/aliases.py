"""Aliases: moved, promoted, rolled back, taken away, and where they were."""

from __future__ import annotations

from typing import Literal

import msgspec

from rollbook.app import aliases
from rollbook.catalog.aliases import ANY
from rollbook.model.facts import AliasMove
from rollbook.model.wire import AliasDocument, MovePage, RollbackDocument
from rollbook.server.api.paths import PROJECT, Limit
from rollbook.server.routes import Call, Routes

routes = Routes("aliases")


@routes.add("POST", PROJECT + "/aliases", needs="alias.move", takes=AliasDocument, gives=AliasMove)
def set_alias(call: Call) -> AliasMove:
    """Point an alias at a version."""
    return _moved(call, "set")


@routes.add("POST", PROJECT + "/promotions", needs="alias.promote", takes=AliasDocument, gives=AliasMove)
def promote_version(call: Call) -> AliasMove:
    """Point an alias such as `champion` at a version, with the reason."""
    return _moved(call, "promote")


def _moved(call: Call, action: Literal["set", "promote"]) -> AliasMove:
    wanted: AliasDocument = call.body
    expected = ANY if wanted.expected is msgspec.UNSET else wanted.expected
    return call.once(
        lambda register: aliases.set_alias(
            register,
            wanted.reference,
            wanted.alias,
            call.project,
            segment=wanted.segment,
            reason=wanted.reason,
            expected=expected,
            action=action,
        )
    )


@routes.add("DELETE", PROJECT + "/aliases", needs="alias.move", gives=AliasMove)
def delete_alias(call: Call, collection: str, alias: str, segment: str = "", reason: str = "") -> AliasMove:
    """Take an alias away; its history stays."""
    return call.once(
        lambda register: aliases.delete_alias(register, collection, alias, call.project, segment=segment, reason=reason)
    )


@routes.add("POST", PROJECT + "/rollbacks", needs="alias.promote", takes=RollbackDocument, gives=AliasMove)
def roll_back(call: Call) -> AliasMove:
    """Put an alias back where it was before its newest move that stands."""
    wanted: RollbackDocument = call.body
    return call.once(
        lambda register: aliases.rollback(
            register, wanted.collection, wanted.alias, call.project, segment=wanted.segment, reason=wanted.reason
        )
    )


@routes.add("GET", PROJECT + "/moves", needs="version.read", gives=MovePage)
def list_moves(call: Call, collection: str, alias: str = "", after: str | None = None, limit: Limit = 100) -> MovePage:
    """Moves of a collection's aliases, newest first; of all of them where `alias` is empty."""
    return aliases.history(call.register, collection, alias, call.project, after=after, limit=limit)
