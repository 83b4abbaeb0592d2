"""Manifests: what a version is made of, as a sorted list of entries, and the bytes that seal it.

A manifest has two spellings. The *sealed* bytes name contents only; their SHA-256 is the manifest digest, inside the
version's seal. The *stored* bytes add, for tables, the blob that holds them now: two Parquet writers spell one table
differently, and that difference is not part of what the table is. Where there is no table the two are the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Literal, cast, get_args

import msgspec

from rollbook.model.canonical import JSON, decode, encode
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidInput, UnsupportedFormat
from rollbook.model.names import check_path

FORMAT = "rollbook/manifest@1"
EntryKind = Literal["file", "table", "reference"]
_KINDS: tuple[str, ...] = get_args(EntryKind)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One member of a version.

    Attributes:
        path: Relative, `/`-separated, unique in the manifest.
        kind: `file` (bytes), `table` (sealed over its logical content) or `reference` (bytes kept elsewhere).
        digest: BLAKE3 of the bytes of a file; logical digest of a table; None for a reference.
        size: Bytes, where known.
        rows: Rows of a table.
        columns: Schema of a table, or the declared schema of a file: one object with `name` and `type` per column.
        uri: Where a reference points.
        checksum: A reference's checksum as its store states it, such as `sha256:...`, `etag:...` or `md5:...`.
        blob: The stored bytes of a table; equal to `digest` for a file.
        executable: Whether a file had its executable bit set.
    """

    path: str
    kind: EntryKind = "file"
    digest: Digest | None = None
    size: int | None = None
    rows: int | None = None
    columns: tuple[dict[str, JSON], ...] = ()
    uri: str = ""
    checksum: str = ""
    blob: Digest | None = None
    executable: bool = False

    @property
    def stored(self) -> Digest | None:
        """The blob that holds the bytes, or None for a reference."""
        return self.blob or (self.digest if self.kind == "file" else None)


def file_entry(path: str, digest: Digest, size: int, *, executable: bool = False) -> Entry:
    """An entry for plain bytes."""
    return Entry(path=check_path(path), digest=digest, size=size, executable=executable)


class Manifest(msgspec.Struct, frozen=True, dict=True):
    """Entries sorted by path; no path twice, none both file and folder. Its bytes are written once and kept."""

    entries: tuple[Entry, ...]

    @property
    def size(self) -> int:
        """Bytes of all entries whose size is known."""
        return sum(entry.size or 0 for entry in self.entries)

    def find(self, path: str) -> Entry | None:
        """The entry at `path`."""
        return next((entry for entry in self.entries if entry.path == path), None)

    def sealed_bytes(self) -> bytes:
        """The bytes that seal the manifest."""
        return self._sealed

    def stored_bytes(self) -> bytes:
        """The bytes that are kept: the sealed ones and where each table lies."""
        if all(entry.kind != "table" for entry in self.entries):
            return self._sealed
        return _write(self.entries, stored=True)

    @cached_property
    def _sealed(self) -> bytes:
        return _write(self.entries, stored=False)

    @property
    def digest(self) -> Digest:
        """SHA-256 of the sealed bytes."""
        return Digest.sha256(self.sealed_bytes())


def build(entries: Iterable[Entry]) -> Manifest:
    """Sort and check entries.

    Raises:
        InvalidInput: A path stands twice, or is both a file and a folder.
    """
    ordered = tuple(sorted(entries, key=lambda entry: entry.path.encode()))
    seen: set[str] = set()
    for entry in ordered:
        check_path(entry.path)
        if entry.path in seen:
            raise InvalidInput(f"path {entry.path!r} stands twice", hint="rename one, or remove it first")
        seen.add(entry.path)
    for path in seen:
        folder = path.rpartition("/")[0]
        while folder:
            if folder in seen:
                raise InvalidInput(f"{folder!r} is both a file and a folder (of {path!r})", hint="rename one of them")
            folder = folder.rpartition("/")[0]
    return Manifest(ordered)


def read(data: bytes) -> Manifest:
    """Read stored bytes.

    Raises:
        UnsupportedFormat: A newer release wrote them.
        CorruptData: They are not a manifest, or not the one way to write it: a path stands twice or out of order.
    """
    lines = data.split(b"\n")
    try:
        header = cast(dict[str, JSON], decode(lines[0]))
        if header["format"] != FORMAT:
            raise UnsupportedFormat(f"manifest format {header['format']!r} is unknown", hint="upgrade Rollbook")
        manifest = Manifest(tuple(_entry(cast(dict[str, JSON], decode(line))) for line in lines[1:] if line))
        if manifest.stored_bytes() != data or not _is_sorted(manifest.entries):
            raise ValueError("it is not in canonical form")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InvalidInput) as error:
        raise CorruptData(f"a manifest cannot be read: {error}", hint="run 'rollbook verify'") from error
    return manifest


def _is_sorted(entries: tuple[Entry, ...]) -> bool:
    paths = [entry.path.encode() for entry in entries]
    return all(earlier < later for earlier, later in pairwise(paths))


def _write(entries: Iterable[Entry], *, stored: bool) -> bytes:
    lines = [encode({"format": FORMAT})]
    lines.extend(encode(_record(entry, stored=stored)) for entry in entries)
    return b"\n".join(lines) + b"\n"


def _record(entry: Entry, *, stored: bool) -> JSON:
    record: dict[str, JSON] = {"kind": entry.kind, "path": entry.path}
    if entry.digest is not None:
        record["digest"] = str(entry.digest)
    if entry.rows is not None:
        record["rows"] = entry.rows
    if entry.size is not None and (stored or entry.kind != "table"):
        record["size"] = entry.size
    if entry.columns:
        record["columns"] = list(entry.columns)
    if entry.uri:
        record["uri"] = entry.uri
    if entry.checksum:
        record["checksum"] = entry.checksum
    if entry.executable:
        record["executable"] = True
    if stored and entry.kind == "table" and entry.blob is not None:
        record["blob"] = str(entry.blob)
    return record


def _entry(record: Mapping[str, JSON]) -> Entry:
    digest, blob = record.get("digest"), record.get("blob")
    if record["kind"] not in _KINDS:
        raise UnsupportedFormat(f"entry kind {record['kind']!r} is unknown", hint="upgrade Rollbook")
    return Entry(
        path=cast(str, record["path"]),
        kind=cast(EntryKind, record["kind"]),
        digest=Digest.parse(cast(str, digest)) if digest else None,
        size=cast("int | None", record.get("size")),
        rows=cast("int | None", record.get("rows")),
        columns=tuple(cast("list[dict[str, JSON]]", record.get("columns", []))),
        uri=cast(str, record.get("uri", "")),
        checksum=cast(str, record.get("checksum", "")),
        blob=Digest.parse(cast(str, blob)) if blob else None,
        executable=bool(record.get("executable", False)),
    )
