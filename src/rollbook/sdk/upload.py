"""Turning a draft into durable blobs and a manifest."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from rollbook.model.canonical import JSON
from rollbook.model.digest import Digest
from rollbook.model.extras import needs_extra
from rollbook.model.manifest import Entry, Manifest, build
from rollbook.sdk.artifact import Artifact, FilePart, TablePart
from rollbook.sdk.transport import Progress, Transport, Upload


class _Table(NamedTuple):
    """A table written to a temporary file."""

    path: str
    file: Path
    logical: Digest
    rows: int
    columns: tuple[dict[str, JSON], ...]


def upload(draft: Artifact, transport: Transport, progress: Progress | None = None) -> Manifest:
    """Read every part of a draft once, make it durable and return the manifest.

    Raises:
        SourceChanged: A file changed while it was read.
        SourceUnreadable: A file is gone.
        StorageFull: No room; nothing was changed.
    """
    kept = [part for part in draft.parts.values() if isinstance(part, Entry)]
    source_files = {path: part for path, part in draft.parts.items() if isinstance(part, FilePart)}
    tables = {path: part for path, part in draft.parts.items() if isinstance(part, TablePart)}
    with transport.upload() as sending:
        entries = [*kept, *_send_files(sending, source_files, progress), *_send_tables(sending, tables, progress)]
        manifest = build(entries)
        # Sent along so that it shares a pack with its files: one pack and one flush for a small version.
        sending.add_bytes(manifest.stored_bytes())
        sending.commit()
    return manifest


def _send_files(sending: Upload, parts: Mapping[str, FilePart], progress: Progress | None) -> Iterator[Entry]:
    stored = sending.add_files([part.source for part in parts.values()], progress=progress)
    for (path, part), blob in zip(parts.items(), stored, strict=True):
        yield Entry(
            path=path,
            digest=blob.digest,
            size=blob.size,
            columns=part.columns,
            executable=bool(part.source.stat().st_mode & stat.S_IXUSR),
        )


def _send_tables(sending: Upload, parts: Mapping[str, TablePart], progress: Progress | None) -> Iterator[Entry]:
    if not parts:
        return
    with needs_extra("compare"):
        from rollbook import tables

    with tempfile.TemporaryDirectory(prefix="rollbook-upload-") as folder:
        made: list[_Table] = []
        for index, (path, part) in enumerate(parts.items()):
            table = tables.to_arrow(part.frame)
            target = Path(folder) / f"{index}.parquet"
            tables.write_parquet(table, target)
            columns = tuple(tables.table_schema(table))
            made.append(_Table(path, target, tables.logical_digest(table), table.num_rows, columns))
        stored = sending.add_files([table.file for table in made], progress=progress)
    for table, blob in zip(made, stored, strict=True):
        yield Entry(
            path=table.path,
            kind="table",
            digest=table.logical,
            size=blob.size,
            rows=table.rows,
            columns=table.columns,
            blob=blob.digest,
        )
