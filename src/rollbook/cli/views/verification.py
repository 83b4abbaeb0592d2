"""What a verification and a look at the machine found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rollbook.cli import words
from rollbook.cli.layout import Block, Facts, Heading, Table
from rollbook.model.results import Check, Verification


def shown(found: Verification) -> Iterator[Block]:
    """What was checked, then every fault."""
    unchecked = len(found.faults) - len(found.damage)
    yield Heading("All is well." if found.ok else f"DAMAGED: {words.counted(len(found.damage), 'fault')}")
    yield Facts(
        (
            ("versions", f"{found.versions:,}"),
            ("statements", f"{found.statements:,}"),
            ("blobs read", f"{found.blobs:,}, {words.size(found.bytes)}"),
            ("audit entries", f"{found.audit_entries:,}"),
        )
    )
    if unchecked:
        entries = words.counted(unchecked, "entry", "entries")
        yield f"{entries} could not be checked: there is no checksum to compare with"
    if found.faults:
        yield ""
        rows = tuple((fault.finding, fault.what, fault.message) for fault in found.faults)
        yield Table(("finding", "what", "why"), rows, fold=("what", "why"))
    if not found.ok:
        yield ""
        yield "Stop writing, restore from a backup, then verify again."


def checks(found: Sequence[Check]) -> Iterator[Block]:
    """The findings of `doctor`."""
    yield Table(("status", "check", "finding"), tuple((item.status, item.check, item.message) for item in found))
    advice = [(item.check, item.hint) for item in found if item.hint and item.status != "ok"]
    if advice:
        yield ""
        yield Heading("What to do")
        yield Facts(tuple(advice))
