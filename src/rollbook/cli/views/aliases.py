"""Moves of aliases as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rollbook.cli import words
from rollbook.cli.layout import Block, Table
from rollbook.model.facts import AliasMove

_NOWHERE = "nowhere"


def moved(move: AliasMove) -> str:
    """What one move did, in a line."""
    reason = f" ({move.reason})" if move.reason else ""
    name = f"{move.collection}:{_label(move)}"
    if move.action == "unchanged":
        return f"{name} is at {_number(move.to_number)} already"
    return f"{name}  {_number(move.from_number)} -> {_number(move.to_number)}  {move.action}{reason}"


def listed(moves: Sequence[AliasMove], now: int | None) -> Iterator[Block]:
    """Moves in their order."""
    rows = tuple(
        (
            words.moment(move.at) if now is None else words.ago(move.at, now),
            _label(move),
            _number(move.from_number),
            _number(move.to_number),
            move.action,
            words.person(move.actor),
            move.reason,
        )
        for move in moves
    )
    yield Table(("when", "alias", "from", "to", "how", "who", "why"), rows)


def _label(move: AliasMove) -> str:
    return f"{move.alias}/{move.segment}" if move.segment else move.alias


def _number(number: int | None) -> str:
    return _NOWHERE if number is None else f"v{number}"
