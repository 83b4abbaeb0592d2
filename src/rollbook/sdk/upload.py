"""Turning a draft into durable blobs and a manifest."""

from __future__ import annotations

import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rollbook.model.canonical import JSON
from rollbook.model.digest import Digest
from rollbook.model.errors import MissingBytes
from rollbook.model.extras import needs_extra
from rollbook.model.facts import Committed, NewVersion
from rollbook.model.manifest import Entry, Manifest, build
from rollbook.sdk.artifact import Artifact, FilePart, TablePart
from rollbook.sdk.filecache import FileCache, Look, look_at, root_of
from rollbook.sdk.transport import Progress, Transport, Upload

_TIMES = 3


class StoredFile(NamedTuple):
    """A file that the register holds."""

    digest: Digest
    size: int
    executable: bool


class _Table(NamedTuple):
    """A table written to a temporary file."""

    path: str
    file: Path
    logical: Digest
    rows: int
    columns: tuple[dict[str, JSON], ...]


def upload(draft: Artifact, transport: Transport, project: str, progress: Progress | None = None) -> Manifest:
    """Read every part of a draft once, make it durable and return the manifest.

    Raises:
        SourceChanged: A file changed while it was read.
        SourceUnreadable: A file is gone.
        StorageFull: No room; nothing was changed.
    """
    kept = [part for part in draft.parts.values() if isinstance(part, Entry)]
    source_files = {path: part for path, part in draft.parts.items() if isinstance(part, FilePart)}
    tables = {path: part for path, part in draft.parts.items() if isinstance(part, TablePart)}
    with transport.upload(project) as sending:
        files = _send_files(sending, source_files, transport.cache_dir, progress)
        entries = [*kept, *files, *_send_tables(sending, tables, progress)]
        manifest = build(entries)
        # Sent along so that it shares a pack with its files: one pack and one flush for a small version.
        sending.add_bytes(manifest.stored_bytes())
        sending.commit()
    return manifest


def send(
    draft: Artifact,
    transport: Transport,
    project: str,
    new: Callable[[Manifest], NewVersion],
    progress: Progress | None = None,
) -> Committed:
    """Upload a draft and commit it; again where bytes that it shares with others were collected meanwhile.

    Args:
        draft: What to send.
        transport: Where to.
        project: Full name of the project.
        new: Makes the version to be committed from the manifest.
        progress: Called with the number of bytes done since the last call.

    Raises:
        MissingBytes: What the draft took over from another version is no longer stored.
    """
    for _ in range(_TIMES - 1):
        try:
            return transport.commit(new(upload(draft, transport, project, progress)))
        except MissingBytes:
            continue
    return transport.commit(new(upload(draft, transport, project, progress)))


def _send_files(
    sending: Upload, parts: Mapping[str, FilePart], cache_dir: Path | None, progress: Progress | None
) -> Iterator[Entry]:
    if not parts:
        return
    stored = store_files(sending, list(dict.fromkeys(part.source for part in parts.values())), cache_dir, progress)
    for path, part in parts.items():
        blob = stored[part.source]
        yield Entry(path=path, digest=blob.digest, size=blob.size, columns=part.columns, executable=blob.executable)


def store_files(
    sending: Upload, sources: Sequence[str], cache_dir: Path | None, progress: Progress | None = None
) -> dict[str, StoredFile]:
    """What each file is. One that looks as it did when it was hashed, and is stored whole, is not read."""
    cache = FileCache(cache_dir, root_of(sources), time.time_ns)
    looks = {source: look for source in sources if (look := look_at(source)) is not None}
    known = {source: digest for source, look in looks.items() if (digest := cache.known(source, look)) is not None}
    held = sending.held(known.values())
    found = {source: _seen(digest, looks[source]) for source, digest in known.items() if digest in held}
    if progress is not None:
        progress(sum(file.size for file in found.values()))
    unknown = [source for source in sources if source not in found]
    like = [cache.last(source) for source in unknown]
    blobs = sending.add_files([Path(source) for source in unknown], like=like, progress=progress)
    added = dict(zip(unknown, blobs, strict=True))
    for source, blob in added.items():
        executable = source in looks and bool(looks[source].mode & stat.S_IXUSR)
        found[source] = StoredFile(blob.digest, blob.size, executable)
    cache.remember({source: (looks[source], blob.digest) for source, blob in added.items() if source in looks})
    return found


def _seen(digest: Digest, look: Look) -> StoredFile:
    return StoredFile(digest, look.size, executable=bool(look.mode & stat.S_IXUSR))


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
