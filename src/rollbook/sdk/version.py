"""`Version`: a committed version, as it is read, downloaded and built upon. It never changes; notes about it can."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from rollbook.model.canonical import JSON, to_json
from rollbook.model.digest import Digest
from rollbook.model.errors import InvalidInput, NotFound
from rollbook.model.extras import needs_extra
from rollbook.model.facts import AliasMove, VersionFacts
from rollbook.model.manifest import Entry, Manifest
from rollbook.model.space import Deletion
from rollbook.sdk import download
from rollbook.sdk.artifact import TABLE_SUFFIX, Artifact
from rollbook.sdk.progress import bar
from rollbook.sdk.transport import Transport


class Version:
    """A committed version of a collection.

    Attributes:
        facts: Everything the register knows of it.
        transport: The connection it was read over.
        created: Whether logging made it new in its collection; False where the same content stood there already, and
            for versions that were only looked up.
    """

    def __init__(self, facts: VersionFacts, transport: Transport, *, created: bool = False) -> None:
        self.facts = facts
        self.transport = transport
        self.created = created

    @property
    def name(self) -> str:
        """`collection:vN`."""
        return self.facts.reference

    @property
    def qualified_name(self) -> str:
        """`project/collection:vN`."""
        return f"{self.facts.project}/{self.facts.reference}"

    @property
    def collection(self) -> str:
        """The collection's name."""
        return self.facts.collection

    @property
    def version(self) -> str:
        """`vN`."""
        return f"v{self.facts.number}"

    @property
    def digest(self) -> Digest:
        """Seals every byte, the type, the class, the creation metadata and table schemas."""
        return self.facts.digest

    @property
    def type(self) -> str:
        """Artifact type."""
        return self.facts.type

    @property
    def data_class(self) -> str:
        """Declared sensitivity."""
        return self.facts.data_class

    @property
    def metadata(self) -> Mapping[str, JSON]:
        """Creation metadata. A copy: what is sealed does not change; later facts go to `annotate`."""
        return dict(self.facts.metadata)

    @property
    def description(self) -> str:
        """The newest description."""
        return self.facts.description

    @property
    def aliases(self) -> tuple[str, ...]:
        """Aliases that point here now."""
        return self.facts.aliases

    @property
    def tags(self) -> tuple[str, ...]:
        """Labels that stand now."""
        return self.facts.tags

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return self.facts.size

    @property
    def created_at(self) -> datetime:
        """When it was committed."""
        return datetime.fromtimestamp(self.facts.created_at / 1e6, UTC)

    @cached_property
    def manifest(self) -> Manifest:
        """What it is made of."""
        return self.transport.manifest(self.facts)

    def files(self) -> tuple[Entry, ...]:
        """The entries, sorted by path."""
        return self.manifest.entries

    def entry(self, path: str) -> Entry:
        """One entry; a table may be named without `.parquet`.

        Raises:
            NotFound: No such path in this version.
        """
        found = self.manifest.find(path) or self.manifest.find(path + TABLE_SUFFIX)
        if found is None:
            known = ", ".join(entry.path for entry in self.manifest.entries[:8])
            raise NotFound(f"{self.name} has no file {path!r}", hint=f"it has: {known}")
        return found

    def download(self, root: str | Path | None = None, path_prefix: str = "") -> str:
        """Write the files below a folder, each checked against its digest. Files that are right already are kept.

        Args:
            root: Target folder; default `./artifacts/<collection>-vN`.
            path_prefix: Only files whose path starts so.

        Returns:
            The folder.

        Raises:
            CorruptData: A stored file does not match its digest; it is not written.
        """
        target = Path(root) if root is not None else Path("artifacts") / f"{self.collection}-{self.version}"
        wanted = [entry for entry in self.manifest.entries if entry.path.startswith(path_prefix)]
        if path_prefix and not wanted:
            raise NotFound(f"{self.name} has no file under {path_prefix!r}", hint="see version.files()")
        total = sum(entry.size or 0 for entry in wanted)
        with bar(f"get {self.name}", lambda: total) as progress:
            download.to_folder(wanted, target, self.transport, self.facts.project, progress)
        return os.fspath(target)

    def file(self, path: str | None = None, root: str | Path | None = None) -> str:
        """Download one file and return where it is; without a path, the only file of the version."""
        if path is None:
            if len(self.manifest.entries) != 1:
                raise InvalidInput(f"{self.name} has {len(self.manifest.entries)} files", hint="name one of them")
            path = self.manifest.entries[0].path
        entry = self.entry(path)
        return str(Path(self.download(root, path_prefix=entry.path)) / entry.path)

    def open(self, path: str) -> BinaryIO:
        """Open one file for reading, seekable, every block checked."""
        stored = self.entry(path).stored
        if stored is None:
            raise InvalidInput(
                f"{path!r} is a reference: its bytes are at {self.entry(path).uri}", hint="read them there"
            )
        return self.transport.open_blob(stored, self.facts.project)

    def get(self, path: str) -> Any:
        """What was added: a `pyarrow.Table` for a table (or any Parquet or Arrow file), else the bytes."""
        entry = self.entry(path)
        with self.open(path) as stream:
            if entry.kind == "table" or entry.path.endswith((".parquet", ".arrow", ".feather")):
                with needs_extra("compare"):
                    from rollbook import tables

                return tables.read_table(stream, entry.path)
            return stream.read()

    def verify(self, root: str | Path | None = None) -> None:
        """Check the stored version, or a folder it was downloaded to, byte by byte.

        Raises:
            CorruptData: Something differs; the message names the first few.
        """
        if root is not None:
            download.check_folder(self.manifest.entries, Path(root), self.name)
        else:
            self.transport.verify(str(self.digest), self.facts.project).raise_if_damaged()

    def new_draft(self) -> Artifact:
        """A draft that starts from this version's files: add, replace, remove, then log it."""
        draft = Artifact(self.collection, self.type, dict(self.facts.metadata), data_class=self.facts.data_class)
        draft.inherit(self.manifest.entries)
        return draft

    def tag(self, *tags: str, remove: Sequence[str] = ()) -> Version:
        """Add and remove labels; a dated fact beside the version."""
        return self._renewed(self.transport.note(self.facts, add_tags=tags, remove_tags=remove))

    def describe(self, description: str) -> Version:
        """Set the description; earlier ones stay in its history."""
        return self._renewed(self.transport.note(self.facts, description=description))

    def annotate(self, **metadata: Any) -> Version:
        """Add later facts; they stand beside the sealed metadata and never change it."""
        facts = to_json(metadata, "metadata")
        assert isinstance(facts, dict)
        return self._renewed(self.transport.note(self.facts, metadata=facts))

    def notes(self) -> Sequence[Mapping[str, JSON]]:
        """Every later note: who, when, what; removed ones included."""
        return self.transport.notes(self.facts)

    def alias(self, alias: str, *, segment: str = "", reason: str = "") -> AliasMove:
        """Point an alias at this version."""
        return self.transport.set_alias(self.qualified_name, alias, self.facts.project, segment=segment, reason=reason)

    def delete(self, *, reason: str = "") -> Deletion:
        """Delete this version. Within 30 days `Api.undelete` brings it back; its row and seal stay for ever.

        Raises:
            Conflict: An alias points to it, or a living version is linked to it.
        """
        return self.transport.space.delete(self.qualified_name, self.facts.project, reason=reason)

    def provenance(self) -> Sequence[bytes]:
        """The provenance statements: one per run that made this version."""
        return self.transport.statements(self.facts)

    def wait(self) -> Version:
        """This version: it is committed. Kept for code written for W&B."""
        return self

    def _renewed(self, facts: VersionFacts) -> Version:
        self.facts = facts
        return self

    def __repr__(self) -> str:
        return f"<Version {self.qualified_name} ({self.type}) {self.digest.short}>"

    def _repr_html_(self) -> str:
        rows = {
            "type": self.type,
            "digest": str(self.digest),
            "aliases": ", ".join(self.aliases),
            "tags": ", ".join(self.tags),
            "files": f"{self.facts.file_count} ({self.size:,} bytes)",
            "created": self.created_at.strftime("%Y-%m-%d %H:%M UTC"),
        }
        cells = "".join(f"<tr><th>{key}</th><td>{html.escape(value)}</td></tr>" for key, value in rows.items() if value)
        return f"<b>{html.escape(self.qualified_name)}</b><table>{cells}</table>"
