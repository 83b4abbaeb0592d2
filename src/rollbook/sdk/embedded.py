"""The transport that answers from a data directory: it calls the verbs directly, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO, Self

from rollbook.app import aliases, commits, datadir, doctor, epoch, histories, keys, lineage, runs, versions
from rollbook.app.register import Register
from rollbook.blobs import BlobWriter
from rollbook.history import Journal
from rollbook.model.canonical import JSON
from rollbook.model.digest import Digest
from rollbook.model.extras import needs_extra
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
from rollbook.model.wire import UseDocument
from rollbook.sdk.pages import gather
from rollbook.sdk.reports import Reports
from rollbook.sdk.settings import Elsewhere
from rollbook.sdk.space import Space
from rollbook.sdk.transport import Progress


class Embedded:
    """A register in a data directory, used by its owner. Implements `rollbook.sdk.transport.Transport`."""

    def __init__(self, register: Register, *, file_cache: bool = True) -> None:
        self._register = register
        self._file_cache = file_cache

    @classmethod
    def open(
        cls,
        data_dir: Path,
        *,
        user: str,
        clock: Callable[[], int],
        random: Callable[[int], bytes],
        create: bool = False,
        file_cache: bool = True,
        elsewhere: Elsewhere | None = None,
    ) -> Self:
        """Open a register; see `rollbook.app.datadir.open_register`."""
        parts = elsewhere or Elsewhere()
        place = datadir.Place(data_dir, parts.database, parts.store, parts.allow_http)
        register = datadir.open_register(place, user=user, clock=clock, random=random, create=create)
        return cls(register, file_cache=file_cache)

    @property
    def location(self) -> str:
        """The data directory."""
        return str(self._register.root)

    @property
    def cache_dir(self) -> Path | None:
        """The data directory's cache, unless it is switched off."""
        return self._register.root / datadir.CACHE if self._file_cache else None

    def close(self) -> None:
        """Let go of files and connections, so that the disk can be unmounted; they are opened again when needed."""
        self._register.catalog.close()
        self._register.blobs.close()

    def full_name(self, project: str) -> str:
        """The project's name: there are no teams here."""
        return project

    def upload(self, project: str) -> AbstractContextManager[BlobWriter]:
        """Blobs on their way in; those of all projects lie together here."""
        del project
        epoch.observe(self._register)
        return self._register.blobs.writer()

    def fetch(self, items: Iterable[tuple[Digest, Path]], project: str, *, progress: Progress | None = None) -> None:
        """Write blobs to files, each checked."""
        del project
        self._register.blobs.fetch(items, progress=progress)

    def open_blob(self, digest: Digest, project: str) -> BinaryIO:
        """Read a blob, each block checked."""
        del project
        return self._register.blobs.open(digest)

    def commit(self, new: NewVersion) -> Committed:
        """Make a version."""
        return commits.commit(self._register, new)

    def resolve(self, reference: str, project: str) -> VersionFacts:
        """The version a reference names."""
        return versions.resolve(self._register, reference, project)

    def manifest(self, version: VersionFacts) -> Manifest:
        """A version's manifest, checked against its seal."""
        return versions.manifest_of(self._register, version)

    def projects(self) -> Sequence[str]:
        """Names of all projects."""
        return gather(lambda after: versions.list_projects(self._register, after=after))

    def collections(self, project: str, *, type: str = "") -> Sequence[CollectionFacts]:  # noqa: A002
        """Collections of a project."""
        return gather(lambda after: versions.list_collections(self._register, project, type, after=after))

    def versions(self, project: str, collection: str) -> Sequence[VersionFacts]:
        """Versions of a collection, newest first."""
        return gather(lambda after: versions.list_versions(self._register, project, collection, after=after))

    def statements(self, version: VersionFacts) -> Sequence[bytes]:
        """Provenance statements of a version."""
        texts = gather(lambda after: versions.statements(self._register, version.digest, version.project, after=after))
        return [text.encode() for text in texts]

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
        return versions.note(
            self._register,
            version.project,
            version.collection,
            version.number,
            add_tags=add_tags,
            remove_tags=remove_tags,
            description=description,
            metadata=metadata,
        )

    def notes(self, version: VersionFacts) -> Sequence[Mapping[str, JSON]]:
        """Every note a version ever had."""
        return gather(lambda after: versions.note_history(self._register, version.digest, version.project, after=after))

    def start_run(self, new: NewRun) -> RunFacts:
        """Begin a run."""
        return runs.start(self._register, new)

    def update_run(self, run: RunFacts, changes: RunChanges) -> RunFacts:
        """Change facts of a run."""
        return runs.update(self._register, run.id, run.project, changes)

    def heartbeat(self, run: RunFacts) -> None:
        """Note that a run lives."""
        runs.heartbeat(self._register, run.id, run.project)

    def run(self, run: str, project: str) -> RunFacts:
        """A run by id."""
        return runs.get(self._register, run, project)

    def runs(
        self, project: str, *, state: str = "", job_type: str = "", group: str = "", tag: str = ""
    ) -> Sequence[RunFacts]:
        """Runs of a project, newest first."""
        return gather(
            lambda after: runs.list_runs(
                self._register, project, state=state, job_type=job_type, group=group, tag=tag, after=after
            )
        )

    def edges(self, run: RunFacts) -> Mapping[str, Sequence[str]]:
        """What a run used and produced."""
        return runs.edges(self._register, run.id, run.project)

    def open_log(self, run: RunFacts) -> Journal:
        """The run's journal."""
        return histories.open_log(self._register, run)

    def history(self, run: RunFacts) -> Iterator[dict[str, Any]]:
        """A run's rows."""
        return histories.read(self._register, run.id, run.project)

    def use(self, run: RunFacts, version: VersionFacts, reference: str) -> None:
        """Record that a run used a version."""
        used = UseDocument(
            version=version.digest, project=version.project, collection=version.collection, reference=reference
        )
        runs.use(self._register, run.id, run.project, used)

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
        """Point an alias at a version."""
        return aliases.set_alias(
            self._register,
            reference,
            alias,
            project,
            segment=segment,
            reason=reason,
            action=aliases.check_action(action),
        )

    def delete_alias(
        self, collection: str, alias: str, project: str, *, segment: str = "", reason: str = ""
    ) -> AliasMove:
        """Take an alias away."""
        return aliases.delete_alias(self._register, collection, alias, project, segment=segment, reason=reason)

    def rollback(self, collection: str, alias: str, project: str, *, segment: str = "", reason: str = "") -> AliasMove:
        """Put an alias back where it was."""
        return aliases.rollback(self._register, collection, alias, project, segment=segment, reason=reason)

    def alias_history(self, collection: str, alias: str, project: str) -> Sequence[AliasMove]:
        """Every move of an alias, oldest first."""
        return gather(lambda after: aliases.history(self._register, collection, alias, project, after=after))[::-1]

    def lineage(
        self, reference: str, project: str, *, up: bool = True, down: bool = True, depth: int | None = None
    ) -> Lineage:
        """The graph around a version or run."""
        return lineage.lineage(self._register, reference, project, up=up, down=down, depth=depth)

    def compare(
        self, references: Sequence[str], project: str, plan: Mapping[str, Any], *, save: str = ""
    ) -> Comparison:
        """Compare models."""
        with needs_extra("compare"):
            from rollbook.app import reports

        return reports.compare(self._register, references, project, plan, save=save)

    def explore(
        self,
        references: Sequence[str],
        project: str,
        *,
        where: Mapping[str, Sequence[str]],
        metrics: Sequence[str] = (),
        attributes: Sequence[str] = (),
    ) -> Exploration:
        """Answer a filter from cubes."""
        with needs_extra("compare"):
            from rollbook.app import exploration

        return exploration.explore(
            self._register, references, project, where=where, metrics=metrics, attributes=attributes
        )

    def diff(self, old: str, new: str, project: str, *, key: Sequence[str] = ()) -> VersionDiff:
        """What differs between two versions."""
        with needs_extra("compare"):
            from rollbook.app import diff

        return diff.diff(self._register, old, new, project, key=key)

    def search(self, ask: SearchAsk, project: str) -> SearchAnswer:
        """A page of versions or runs."""
        from rollbook.app import search

        return search.search(self._register, ask, project)

    def search_fields(self, ask: SearchAsk, project: str) -> SearchFields:
        """What can be searched by."""
        from rollbook.app import search

        return search.fields(self._register, ask, project)

    def rebuild_search(self, project: str) -> int:
        """Write anew what search looks at."""
        from rollbook.app import search

        return search.rebuild(self._register, project)

    def save_view(self, project: str, new: NewView) -> SavedView:
        """Save a search under a name."""
        from rollbook.app import views

        return views.save_view(self._register, project, new)

    def view(self, project: str, name: str) -> SavedView:
        """A saved view."""
        from rollbook.app import views

        return views.get_view(self._register, project, name)

    def views(self, project: str) -> Sequence[SavedView]:
        """Saved views, oldest first."""
        from rollbook.app import views

        return gather(lambda after: views.list_views(self._register, project, after=after))

    def remove_view(self, project: str, name: str) -> SavedView:
        """Take one's own view away."""
        from rollbook.app import views

        return views.remove_view(self._register, project, name)

    def verify(self, reference: str | None, project: str, *, progress: Progress | None = None) -> Verification:
        """Check a version, or everything."""
        from rollbook.app import verify

        return verify.verify(self._register, reference, project, progress=progress)

    @property
    def reports(self) -> Reports:
        """Kept reports, sealed plans and ledgers."""
        from rollbook.sdk.embeddedreports import EmbeddedReports

        return EmbeddedReports(self._register)

    @property
    def space(self) -> Space:
        """Usage, deletions, retention, collection and jobs."""
        from rollbook.sdk.embeddedspace import EmbeddedSpace

        return EmbeddedSpace(self._register)

    def doctor(self) -> Sequence[Check]:
        """Look at the data directory."""
        return doctor.doctor(self._register)

    def key(self, project: str) -> Key:
        """The project's pseudonym key."""
        return keys.key_of(self._register, project)
