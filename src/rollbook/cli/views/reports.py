"""What is said of kept reports and of ledgers."""

from __future__ import annotations

from collections.abc import Iterator

from rollbook.cli import words
from rollbook.cli.layout import Block, Facts, Heading, Table
from rollbook.model.ledger import Ledger, Recomputed

_NAMED = 3


def recomputed(found: Recomputed) -> Iterator[Block]:
    """Whether a report is what it was."""
    numbers = words.counted(found.numbers, "number")
    if found.equal:
        yield f"{found.report} is what its inputs give: {numbers} computed again, all equal."
        return
    yield f"{found.report} is not what its inputs give: of {numbers} computed again, these differ (kept, computed):"
    yield from found.differences


def listed(found: Ledger) -> Iterator[Block]:
    """The looks at a dataset."""
    yield Heading(f"{words.counted(found.looks, 'look')} at {found.dataset}")
    yield Facts(
        (
            ("versions", f"{found.versions:,} compared"),
            ("promotions", f"{found.promotions:,} decided on it"),
            ("final", "yes: it answers one comparison only" if found.final else "no"),
        )
    )
    rows = tuple(
        (
            str(look.number),
            words.moment(look.looked_at),
            words.person(look.actor),
            look.kind,
            _named(look.versions, look.compared),
            look.plan or words.DASH,
        )
        for look in found.entries
    )
    yield Table(("look", "when", "who", "what", "versions", "plan"), rows, right=("look",), fold=("versions",))
    if len(found.entries) < found.looks:
        yield f"The newest {len(found.entries):,} of them are listed."


def _named(versions: tuple[str, ...], compared: int) -> str:
    shown = ", ".join(versions[:_NAMED])
    return f"{shown} and {compared - _NAMED:,} more" if compared > _NAMED else shown
