"""What the SDK asks of a register, wherever it is.

`embedded` answers from a data directory, `remote` from a server. Every method raises the errors of
`rollbook.model.errors`; none returns half a result.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from rollbook.model.canonical import JSON
from rollbook.model.digest import Digest
from rollbook.model.facts import (
    AliasMove,
    CollectionFacts,
    Committed,
    Lineage,
    NewRun,
    NewVersion,
    RunChanges,
    RunFacts,
    VersionFacts,
)
from rollbook.model.manifest import Manifest
from rollbook.model.pseudonym import Key
from rollbook.model.query.answers import NewView, SavedView, SearchAnswer, SearchAsk, SearchFields
from rollbook.model.results import Check, Comparison, Exploration, Verification, VersionDiff
from rollbook.sdk.reports import Reports
from rollbook.sdk.space import Space

Progress = Callable[[int], None]
"""Called with the number of bytes done since the last call."""


class Stored(Protocol):
    """A blob that was added."""

    @property
    def digest(self) -> Digest:
        """BLAKE3 of its bytes."""
        ...

    @property
    def size(self) -> int:
        """Its length in bytes."""
        ...


class Upload(Protocol):
    """Blobs on their way in; nothing counts before `commit` returns."""

    def add_files(
        self, paths: Sequence[Path], *, like: Sequence[Digest | None] = (), progress: Progress | None = None
    ) -> Sequence[Stored]:
        """Read files once, in order. `like` names, for each, a blob that it is likely to resemble."""
        ...

    def held(self, digests: Collection[Digest]) -> AbstractSet[Digest]:
        """Those of some blobs that are stored whole, so that what is committed here may refer to them."""
        ...

    def add_bytes(self, data: bytes) -> Stored:
        """Add bytes."""
        ...

    def commit(self) -> None:
        """Make everything added durable and visible."""
        ...


class RunLog(Protocol):
    """The history of one run, append-only."""

    def append(self, values: Mapping[str, Any], *, time_us: int, step: int | None = None) -> int:
        """Accept one row and return its step."""
        ...

    def sync(self) -> None:
        """Return when every accepted row is durable."""
        ...

    def close(self) -> None:
        """Make every row durable and let go."""
        ...


class Transport(Protocol):
    """One connection to a register on behalf of one actor."""

    @property
    def location(self) -> str:
        """Where the register is, for people."""
        ...

    @property
    def cache_dir(self) -> Path | None:
        """Where derived facts about files of this machine may be kept, or None to keep none."""
        ...

    def close(self) -> None:
        """Let go of files and connections; they are opened again when needed."""
        ...

    def full_name(self, project: str) -> str:
        """The full name of what a caller calls a project: `team/name`, or `name` alone outside teams."""
        ...

    def upload(self, project: str) -> AbstractContextManager[Upload]:
        """Begin to send blobs of versions that a project will hold."""
        ...

    def fetch(self, items: Iterable[tuple[Digest, Path]], project: str, *, progress: Progress | None = None) -> None:
        """Write blobs that a project holds to files, each checked against its digest before it is visible."""
        ...

    def open_blob(self, digest: Digest, project: str) -> BinaryIO:
        """Open a blob that a project holds for reading, seekable, every block checked."""
        ...

    def commit(self, new: NewVersion) -> Committed:
        """Make a version."""
        ...

    def resolve(self, reference: str, project: str) -> VersionFacts:
        """The version a reference names, as seen from a project."""
        ...

    def manifest(self, version: VersionFacts) -> Manifest:
        """What a version is made of, checked against its seal."""
        ...

    def projects(self) -> Sequence[str]:
        """Names of all projects."""
        ...

    def collections(self, project: str, *, type: str = "") -> Sequence[CollectionFacts]:  # noqa: A002
        """Collections of a project: name, type, newest version."""
        ...

    def versions(self, project: str, collection: str) -> Sequence[VersionFacts]:
        """Versions of a collection, newest first."""
        ...

    def statements(self, version: VersionFacts) -> Sequence[bytes]:
        """Provenance statements of a version, oldest first."""
        ...

    def note(
        self,
        version: VersionFacts,
        *,
        add_tags: Sequence[str] = (),
        remove_tags: Sequence[str] = (),
        description: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
    ) -> VersionFacts:
        """State later facts about a version."""
        ...

    def notes(self, version: VersionFacts) -> Sequence[Mapping[str, JSON]]:
        """Every note a version ever had, oldest first."""
        ...

    def start_run(self, new: NewRun) -> RunFacts:
        """Begin a run."""
        ...

    def update_run(self, run: RunFacts, changes: RunChanges) -> RunFacts:
        """Change facts of a run."""
        ...

    def heartbeat(self, run: RunFacts) -> None:
        """Say that a run lives."""
        ...

    def run(self, run: str, project: str) -> RunFacts:
        """A run by its id or short id."""
        ...

    def runs(
        self, project: str, *, state: str = "", job_type: str = "", group: str = "", tag: str = ""
    ) -> Sequence[RunFacts]:
        """Runs of a project, newest first."""
        ...

    def open_log(self, run: RunFacts) -> RunLog:
        """The run's history, to append to."""
        ...

    def history(self, run: RunFacts) -> Iterator[dict[str, Any]]:
        """The run's rows, one per step, with `_step` and `_time`."""
        ...

    def edges(self, run: RunFacts) -> Mapping[str, Sequence[str]]:
        """References of what a run `used` and `produced`."""
        ...

    def use(self, run: RunFacts, version: VersionFacts, reference: str) -> None:
        """Record that a run used a version, and how it asked for it."""
        ...

    def set_alias(
        self,
        reference: str,
        alias: str,
        project: str,
        *,
        segment: str = "",
        reason: str = "",
        action: str = "set",
    ) -> AliasMove:
        """Point an alias at a version; `action` is `set` or `promote`."""
        ...

    def delete_alias(
        self, collection: str, alias: str, project: str, *, segment: str = "", reason: str = ""
    ) -> AliasMove:
        """Take an alias away; its history stays."""
        ...

    def rollback(self, collection: str, alias: str, project: str, *, segment: str = "", reason: str = "") -> AliasMove:
        """Put an alias back where it was before its last standing move."""
        ...

    def alias_history(self, collection: str, alias: str, project: str) -> Sequence[AliasMove]:
        """Every move of an alias, oldest first; of all aliases where `alias` is empty."""
        ...

    def lineage(
        self, reference: str, project: str, *, up: bool = True, down: bool = True, depth: int | None = None
    ) -> Lineage:
        """What a version or run was made from, and what was made from it."""
        ...

    def compare(
        self, references: Sequence[str], project: str, plan: Mapping[str, Any], *, save: str = ""
    ) -> Comparison:
        """Compare models or evaluations, overall and per group; keep the report under a name where one is given."""
        ...

    def explore(
        self,
        references: Sequence[str],
        project: str,
        *,
        where: Mapping[str, Sequence[str]],
        metrics: Sequence[str] = (),
        attributes: Sequence[str] = (),
    ) -> Exploration:
        """Metrics of versions on the students that a filter keeps, at once."""
        ...

    def diff(self, old: str, new: str, project: str, *, key: Sequence[str] = ()) -> VersionDiff:
        """Everything that differs between two versions."""
        ...

    def search(self, ask: SearchAsk, project: str) -> SearchAnswer:
        """A page of versions or runs that fulfil a query."""
        ...

    def search_fields(self, ask: SearchAsk, project: str) -> SearchFields:
        """What versions or runs can be searched by."""
        ...

    def rebuild_search(self, project: str) -> int:
        """Write anew what search looks at; how many versions and runs were read."""
        ...

    def save_view(self, project: str, new: NewView) -> SavedView:
        """Save a search under a name."""
        ...

    def view(self, project: str, name: str) -> SavedView:
        """The caller's own view of this name, else the shared one."""
        ...

    def views(self, project: str) -> Sequence[SavedView]:
        """The caller's own views and the shared ones, oldest first."""
        ...

    def remove_view(self, project: str, name: str) -> SavedView:
        """Take one's own view away."""
        ...

    def verify(self, reference: str | None, project: str, *, progress: Progress | None = None) -> Verification:
        """Check a version, or the whole register, byte by byte."""
        ...

    @property
    def reports(self) -> Reports:
        """Kept reports, sealed plans and ledgers."""
        ...

    @property
    def space(self) -> Space:
        """Usage, deletions, retention, collection and jobs."""
        ...

    def doctor(self) -> Sequence[Check]:
        """Is this register safe to work in?"""
        ...

    def key(self, project: str) -> Key:
        """The pseudonym key of a project's key domain."""
        ...
