"""Differences between two versions as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from rollbook.cli import words
from rollbook.cli.layout import Block, Facts, Heading, Table
from rollbook.model.results import FileChange, MetadataChange, TableChange, VersionDiff

_ROOM = 60
_MOST_SAMPLES = 10
_NULL = "(null)"


def shown(diff: VersionDiff) -> Iterator[Block]:
    """Everything that differs."""
    yield Heading(f"{diff.old} -> {diff.new}")
    if diff.identical:
        yield "the same version: nothing differs"
        return
    kinds = (("type", diff.type_change), ("data class", diff.class_change))
    changed = tuple((label, f"{change[0]} -> {change[1]}") for label, change in kinds if change)
    if changed:
        yield Facts(changed)
    if diff.files:
        yield ""
        yield Heading("Files")
        rows = tuple(map(_file, diff.files))
        yield Table(("change", "path", "before", "after"), rows, right=("before", "after"), fold=("path",))
    for table in diff.tables:
        yield ""
        yield from _table(table)
    if diff.metadata:
        yield ""
        yield Heading("Metadata")
        rows = tuple(map(_metadata, diff.metadata))
        yield Table(("change", "key", "before", "after"), rows, fold=("before", "after"))


def _file(change: FileChange) -> tuple[str, ...]:
    return change.change, change.path, words.size(change.old_size), words.size(change.new_size)


def _metadata(change: MetadataChange) -> tuple[str, ...]:
    old = words.DASH if change.change == "added" else words.shortened(words.value(change.old), _ROOM)
    new = words.DASH if change.change == "removed" else words.shortened(words.value(change.new), _ROOM)
    return change.change, change.key, old, new


def _table(table: TableChange) -> Iterator[Block]:
    by = f", rows named by {', '.join(table.key)}" if table.key else ", whole rows compared"
    yield Heading(f"Table {table.path}{by}")
    rows = f"{table.rows_old:,} -> {table.rows_new:,}"
    counts = {"added": table.rows_added, "removed": table.rows_removed, "changed": table.rows_changed}
    moved = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count) or "the same rows"
    facts = [("rows", f"{rows}: {moved}")]
    facts += [("columns added", ", ".join(table.columns_added))] if table.columns_added else []
    facts += [("columns removed", ", ".join(table.columns_removed))] if table.columns_removed else []
    facts += [
        ("column type", f"{name}: {words.value(old)} -> {words.value(new)}") for name, old, new in table.columns_retyped
    ]
    if table.cells:
        facts.append(("cells changed", words.listed(f"{column} {count:,}" for column, count in table.cells.items())))
    yield Facts(tuple(facts))
    samples = [cast("Mapping[str, Any]", sample) for sample in table.samples]
    if samples:
        shown = samples[:_MOST_SAMPLES]
        yield f"for example ({len(shown)} of {table.rows_added + table.rows_removed + table.rows_changed:,}):"
        yield Table(("change", ", ".join(table.key) or "row", "cells"), tuple(map(_sample, shown)))


def _sample(sample: Mapping[str, Any]) -> tuple[str, ...]:
    key = ", ".join(str(value) for value in sample["key"].values())
    cells = (_cell(cell, sample["kind"]) for cell in sample["cells"])
    return sample["kind"], key, words.shortened(", ".join(cells), _ROOM)


def _cell(cell: Mapping[str, Any], kind: str) -> str:
    old, new = (_NULL if cell[side] is None else cell[side] for side in ("old", "new"))
    if kind == "changed":
        return f"{cell['column']}: {old} -> {new}"
    return f"{cell['column']}={new if kind == 'added' else old}"
