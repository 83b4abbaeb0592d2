"""Diff: files, metadata and, for tables, rows and columns that differ between two versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from rollbook import tables
from rollbook.app.register import Register
from rollbook.app.versions import manifest_of, resolve
from rollbook.model.canonical import JSON, encode
from rollbook.model.errors import InvalidTable
from rollbook.model.manifest import Entry
from rollbook.model.results import FileChange, MetadataChange, TableChange, VersionDiff


def diff(register: Register, old: str, new: str, project: str, *, key: Sequence[str] = ()) -> VersionDiff:
    """Everything that differs between two versions.

    Args:
        register: The register.
        old: Reference to the version before.
        new: Reference to the version after.
        project: Project at hand.
        key: Columns that name a row of a table; rows are compared as wholes where none are given.

    Raises:
        NotFound: A version does not exist.
        InvalidTable: A key column is missing, or repeats.
    """
    before, after = resolve(register, old, project), resolve(register, new, project)
    for version in (before, after):
        register.allow("rows.read", version.project, version.collection)
    files_before = {entry.path: entry for entry in manifest_of(register, before).entries}
    files_after = {entry.path: entry for entry in manifest_of(register, after).entries}
    changes = _files(files_before, files_after)
    pairs = [(change.path, change.path) for change in changes if change.change == "changed"] or _renamed(changes)
    return VersionDiff(
        old=before.reference,
        new=after.reference,
        identical=before.digest == after.digest,
        files=tuple(changes),
        tables=tuple(
            found
            for source, target in pairs
            if (found := _table(register, files_before[source], files_after[target], key)) is not None
        ),
        metadata=tuple(_metadata(before.metadata, after.metadata)),
        type_change=(before.type, after.type) if before.type != after.type else None,
        class_change=(before.data_class, after.data_class) if before.data_class != after.data_class else None,
    )


def _content(entry: Entry) -> tuple[object, ...]:
    return entry.kind, entry.digest, entry.uri, entry.checksum, entry.columns, entry.executable


def _files(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> list[FileChange]:
    changes: list[FileChange] = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old is not None and new is not None and _content(old) == _content(new):
            continue
        changes.append(
            FileChange(
                path=path,
                change="added" if old is None else "removed" if new is None else "changed",
                old_size=old.size if old else None,
                new_size=new.size if new else None,
            )
        )
    return changes


def _renamed(changes: Sequence[FileChange]) -> list[tuple[str, str]]:
    """The only table that went and the only one that came: most likely one table under another name."""
    gone, come = (
        [item.path for item in changes if item.change == change and item.path.endswith(tables.TABLE_SUFFIXES)]
        for change in ("removed", "added")
    )
    return [(gone[0], come[0])] if len(gone) == len(come) == 1 else []


def _metadata(before: Mapping[str, JSON], after: Mapping[str, JSON]) -> list[MetadataChange]:
    changes: list[MetadataChange] = []
    for key in sorted(before.keys() | after.keys()):
        if key not in before:
            changes.append(MetadataChange(key=key, change="added", new=after[key]))
        elif key not in after:
            changes.append(MetadataChange(key=key, change="removed", old=before[key]))
        elif encode(before[key]) != encode(after[key]):
            changes.append(MetadataChange(key=key, change="changed", old=before[key], new=after[key]))
    return changes


def _table(register: Register, old: Entry, new: Entry, key: Sequence[str]) -> TableChange | None:
    """How a table changed; None for what is not a table, or cannot be read as one and no key was asked for."""
    named = old.path.endswith(tables.TABLE_SUFFIXES) and new.path.endswith(tables.TABLE_SUFFIXES)
    if not named or old.stored is None or new.stored is None:
        return None
    try:
        found = tables.diff_tables(_read(register, old), _read(register, new), key=key)
    except InvalidTable:
        if key:
            raise
        return None
    return TableChange(
        path=new.path,
        columns_added=tuple(column.name for column in found.columns if column.old is None),
        columns_removed=tuple(column.name for column in found.columns if column.new is None),
        columns_retyped=tuple(
            (column.name, column.old, column.new)
            for column in found.columns
            if column.old is not None and column.new is not None
        ),
        rows_old=found.rows_old,
        rows_new=found.rows_new,
        rows_added=found.added,
        rows_removed=found.removed,
        rows_changed=found.changed,
        key=tuple(key),
        cells=found.cells,
        samples=tuple(msgspec.to_builtins(sample) for sample in found.samples),
    )


def _read(register: Register, entry: Entry) -> Any:
    assert entry.stored is not None
    with register.blobs.open(entry.stored) as stream:
        return tables.read_table(stream, entry.path)
