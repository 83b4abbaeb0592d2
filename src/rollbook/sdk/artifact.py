"""`Artifact`: a draft, assembled in memory and on disk, that becomes a version when a run logs it.

A draft only remembers where its parts lie. They are read once, when the draft is logged, and what was read then is what
the version seals.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

import msgspec

from rollbook.model.canonical import JSON, to_json
from rollbook.model.errors import InvalidInput, NotFound
from rollbook.model.manifest import Entry
from rollbook.model.names import check_name, check_path, check_tag
from rollbook.model.reference import split_stated
from rollbook.model.version import DataClass, check_data_class
from rollbook.sdk import files, references

if TYPE_CHECKING:
    from rollbook.sdk.version import Version

TABLE_SUFFIX = ".parquet"


class FilePart(msgspec.Struct, frozen=True):
    """A file on disk by its absolute path, with the columns its user declares for it, if any."""

    source: str
    columns: tuple[dict[str, JSON], ...] = ()


class TablePart(msgspec.Struct, frozen=True):
    """A data frame in memory (pandas, Polars or Arrow)."""

    frame: Any


Part = FilePart | TablePart | Entry
"""An `Entry` is a finished part: taken over from a parent version, or a reference."""


class Artifact:
    """A draft of a version.

    Args:
        name: Collection, optionally with the number it must get: `student_data` or `student_data:v0`.
        type: `dataset`, `model`, `evaluation`, `roster` or any name; fixed for a collection.
        metadata: Creation metadata; sealed with the version.
        description: Text about the version; can be changed later.
        data_class: Declared sensitivity: `public`, `internal`, `pseudonymous` or `identifiable`.

    Raises:
        InvalidInput: A name, the metadata or the class is not allowed.
    """

    def __init__(
        self,
        name: str,
        type: str,  # noqa: A002 - the word of W&B's API, which users know
        metadata: Mapping[str, Any] | None = None,
        description: str = "",
        data_class: str = "internal",
    ) -> None:
        self.collection, self.stated_number = split_stated(name)
        check_name(self.collection, "collection")
        self.type = check_name(type, "type")
        self.metadata: dict[str, Any] = dict(metadata or {})
        self.description = description
        self.data_class: DataClass = check_data_class(data_class)
        self.tags: list[str] = []
        self.parts: dict[str, Part] = {}
        self.logged: Version | None = None
        self._inherited: set[str] = set()
        self._staging: Path | None = None

    @property
    def name(self) -> str:
        """The collection's name, with the version once there is one."""
        return self.logged.name if self.logged else self.collection

    def add_file(
        self,
        local_path: str | Path,
        name: str | None = None,
        *,
        columns: Mapping[str, str] | None = None,
        overwrite: bool = False,
    ) -> None:
        """Add one file.

        Args:
            local_path: The file. It is read when the draft is logged.
            name: Path inside the version; default the file's own name.
            columns: Declared schema of a table file, column name to type; sealed. Never guessed.
            overwrite: Replace a part added to this draft before. Parts of a parent version are always replaceable.

        Raises:
            SourceUnreadable: No such regular file.
            InvalidInput: The path inside the version is not allowed or taken.
        """
        source = files.regular_file(Path(local_path))
        declared = tuple[dict[str, JSON], ...]({"name": key, "type": value} for key, value in (columns or {}).items())
        # Where a link leads is no name that its user chose.
        self._put({name or Path(local_path).name: FilePart(str(source), declared)}, overwrite=overwrite)

    def add_dir(
        self, local_path: str | Path, name: str | None = None, *, follow_links: bool = False, overwrite: bool = False
    ) -> None:
        """Add every file below a folder. Empty folders are not kept.

        Args:
            local_path: The folder.
            name: Folder inside the version; default its root.
            follow_links: Read links that stay inside the folder; links are refused otherwise.
            overwrite: Replace parts added to this draft before.

        Raises:
            SourceUnreadable: No such folder, or it holds links, pipes, sockets or devices (all are listed).
        """
        prefix = f"{name.rstrip('/')}/" if name else ""
        found = files.walk(Path(local_path), follow_links=follow_links)
        self._put({prefix + relative: FilePart(source) for relative, source in found}, overwrite=overwrite)

    def add_reference(
        self,
        uri: str,
        name: str | None = None,
        *,
        checksum: str | Literal[False] | None = None,
        size: int | None = None,
        overwrite: bool = False,
    ) -> None:
        """Record bytes that stay where they are, with their checksum. Nothing is fetched from a network.

        Args:
            uri: `file://` (checksum and size are computed now), `s3://`, `gs://`, `https://` ...
            name: Path inside the version; default the last part of the URI.
            checksum: As the store states it: `sha256:...`, `etag:...`, `md5:...`. False to record none; `verify`
                then says so.
            size: Bytes, where known.
            overwrite: Replace a part added to this draft before.

        Raises:
            InvalidInput: The URI has no scheme, carries a password or a signature, or a remote one comes without a
                checksum.
        """
        entries = references.entries(uri, name, checksum, size)
        self._put({entry.path: entry for entry in entries}, overwrite=overwrite)

    def add(self, frame: Any, name: str, *, overwrite: bool = False) -> None:
        """Add a data frame (pandas, Polars or Arrow); sealed over its schema and values, stored as Parquet.

        Args:
            frame: The table.
            name: Path inside the version; `.parquet` is appended where it is missing.
            overwrite: Replace a part added to this draft before.
        """
        path = name if name.endswith(TABLE_SUFFIX) else name + TABLE_SUFFIX
        self._put({path: TablePart(frame)}, overwrite=overwrite)

    @contextmanager
    def new_file(self, name: str, mode: str = "w", encoding: str | None = None) -> Generator[IO[Any]]:
        """Open a new file to write; it is added when the block ends without an exception.

        Args:
            name: Path inside the version.
            mode: `w` or `wb` (also `x`).
            encoding: Text encoding; default UTF-8.
        """
        if mode not in ("w", "wb", "x", "xb"):
            raise InvalidInput(f"mode {mode!r} does not write a new file", hint="use 'w' or 'wb'")
        self._check_free(name, overwrite=False)
        # A folder of its own: two parts may share their last name.
        target = Path(tempfile.mkdtemp(dir=self._stage())) / Path(name).name
        with target.open(mode, encoding=None if "b" in mode else encoding or "utf-8") as stream:
            yield stream
        self.add_file(target, name)

    def remove(self, path: str) -> None:
        """Take out a file, or every file below a folder.

        Raises:
            NotFound: Neither is in the draft.
        """
        self._check_draft()
        gone = [known for known in self.parts if known == path or known.startswith(path.rstrip("/") + "/")]
        if not gone:
            raise NotFound(f"{path!r} is not in the draft of {self.collection!r}", hint="see artifact.parts")
        for known in gone:
            del self.parts[known]
            self._inherited.discard(known)

    def tag(self, *tags: str) -> Artifact:
        """Labels to put on the version."""
        self.tags.extend(check_tag(tag) for tag in tags)
        return self

    def inherit(self, entries: tuple[Entry, ...]) -> None:
        """Start from the parts of a parent version; each can be replaced or removed."""
        self.parts.update((entry.path, entry) for entry in entries)
        self._inherited.update(entry.path for entry in entries)

    def sealed_metadata(self) -> dict[str, JSON]:
        """The metadata as plain JSON.

        Raises:
            InvalidInput: A value is not JSON; the message names its place.
        """
        plain = to_json(self.metadata, "metadata")
        assert isinstance(plain, dict)
        return plain

    def wait(self) -> Version:
        """The version this draft became.

        Raises:
            InvalidInput: The draft was not logged.
        """
        if self.logged is None:
            raise InvalidInput(f"artifact {self.collection!r} was not logged", hint="call run.log_artifact(artifact)")
        return self.logged

    def _put(self, parts: Mapping[str, Part], *, overwrite: bool) -> None:
        """Add all of them or none."""
        for path in parts:
            self._check_free(path, overwrite=overwrite)
        self.parts.update(parts)
        self._inherited.difference_update(parts)

    def _check_free(self, path: str, *, overwrite: bool) -> None:
        self._check_draft()
        if check_path(path) in self.parts and not overwrite and path not in self._inherited:
            raise InvalidInput(f"path {path!r} was added before", hint="pass overwrite=True to replace it")

    def _check_draft(self) -> None:
        if self.logged is not None:
            raise InvalidInput(f"{self.name} is committed and never changes", hint="start from version.new_draft()")

    def _stage(self) -> Path:
        if self._staging is None:
            self._staging = Path(tempfile.mkdtemp(prefix="rollbook-draft-"))
            weakref.finalize(self, shutil.rmtree, self._staging, ignore_errors=True)
        return self._staging

    def __repr__(self) -> str:
        return f"<Artifact draft {self.collection!r} ({self.type}), {len(self.parts)} parts>"
