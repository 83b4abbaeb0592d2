"""What a backup, a restore and a migration did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rollbook.cli import words
from rollbook.cli.layout import Block, Facts, Heading, Table
from rollbook.model.moving import Backup, Moved

_KEYS_LEFT = (
    "Not copied, because they must not lie beside the data by accident. Copy them yourself, or use --with-keys."
)


def backed_up(taken: Backup, folder: Path) -> Iterator[Block]:
    """What a backup added, and what to do with it."""
    yield Heading(f"Backed up to {folder}")
    yield Facts(
        (
            ("new objects", f"{taken.sent:,}, {words.size(taken.sent_bytes)}"),
            ("journals", f"{taken.journals:,}"),
            ("key files", f"{taken.keys:,}" if taken.keys else "none; keep a copy of them elsewhere"),
        )
    )
    yield f"try it now and then: rollbook restore --from {folder} --to NEW_FOLDER"


def shown(moved: Moved, done: str) -> Iterator[Block]:
    """What a register in its new place holds."""
    yield Heading(f"{done.capitalize()} to {moved.data_dir}" if moved.ok else f"DAMAGED: {moved.data_dir}")
    yield Facts(
        (
            ("organisations", ", ".join(moved.organisations) or "none"),
            ("rows", f"{sum(moved.tables.values()):,}"),
            ("objects", f"{moved.objects:,}, {words.size(moved.bytes)}"),
            ("journals", f"{moved.journals:,}"),
            ("versions read back", f"{moved.versions:,}"),
            ("key files", f"{moved.keys:,} copied, {moved.keys_left:,} not"),
        )
    )
    if moved.keys_left:
        yield _KEYS_LEFT
    if moved.faults:
        rows = tuple((fault.finding, fault.what, fault.message) for fault in moved.faults)
        yield Table(("finding", "what", "why"), rows, fold=("what", "why"))
