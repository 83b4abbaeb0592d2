"""The transport that answers from a server: every question is a request, every answer a document."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from rollbook.history import HistoryRow, merge_steps
from rollbook.model import manifest as manifests
from rollbook.model.canonical import JSON
from rollbook.model.digest import Digest
from rollbook.model.document import from_document, write_document
from rollbook.model.errors import CorruptData, InvalidInput, Unavailable
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
from rollbook.model.people import Viewer
from rollbook.model.pseudonym import Key
from rollbook.model.query.answers import NewView, SavedView, SearchAnswer, SearchAsk, SearchFields, ViewPage
from rollbook.model.results import Check, Comparison, Exploration, Verification, VersionDiff
from rollbook.model.version import Seal
from rollbook.model.wire import (
    AliasDocument,
    CollectionPage,
    CompareDocument,
    DiffDocument,
    ExploreDocument,
    KeyDocument,
    MovePage,
    NewRunDocument,
    NewVersionDocument,
    NoteDocument,
    RecordPage,
    RollbackDocument,
    RunPage,
    TextPage,
    UseDocument,
    VerifyDocument,
    VersionPage,
)
from rollbook.sdk.pages import gather
from rollbook.sdk.remote.cache import BlobCache
from rollbook.sdk.remote.client import Client
from rollbook.sdk.remote.outbox import HISTORY, Outbox
from rollbook.sdk.remote.places import Places
from rollbook.sdk.reports import Reports
from rollbook.sdk.space import Space
from rollbook.sdk.transport import Progress, RunLog, Upload

Value = TypeVar("Value")
PAGE = 1000


class Remote:
    """A register on a server, used by one caller. Implements `rollbook.sdk.transport.Transport`.

    Args:
        client: The server.
        entity: Organisation or team at hand; "" for the caller's own.
        outbox: Where history rows wait until the server has them.
        cache: Where files of this machine and of the server are remembered, or None to remember none.
    """

    def __init__(self, client: Client, entity: str, outbox: Outbox, cache: Path | None) -> None:
        self._client = client
        self._entity = entity
        self._outbox = outbox
        self._cache = cache

    @property
    def location(self) -> str:
        """The server's address."""
        return self._client.server

    @property
    def cache_dir(self) -> Path | None:
        """Where derived facts about files of this machine are kept."""
        return self._cache

    def close(self) -> None:
        """Close the connections; they are opened again when needed."""
        self._client.close()

    def upload(self, project: str) -> AbstractContextManager[Upload]:
        """Blobs on their way to the server: it is asked first which of them it lacks."""
        from rollbook.sdk.remote.upload import RemoteUpload

        return RemoteUpload(self._client, self._at(project))

    def fetch(self, items: Iterable[tuple[Digest, Path]], project: str, *, progress: Progress | None = None) -> None:
        """Write blobs to files, each checked."""
        from rollbook.sdk.remote.download import RemoteFetch

        RemoteFetch(self._client, self._at(project), self._blob_cache).fetch(items, progress=progress)

    def open_blob(self, digest: Digest, project: str) -> BinaryIO:
        """Read a blob, each block checked."""
        from rollbook.sdk.remote.remotefile import open_blob

        return open_blob(self._client, self._at(project), digest, self._blob_cache)

    @cached_property
    def _blob_cache(self) -> BlobCache | None:
        return None if self._cache is None else BlobCache(self._cache / "blobs")

    @cached_property
    def _places(self) -> Places:
        return Places(self._client.get("/viewer", Viewer), self._entity)

    def full_name(self, project: str) -> str:
        """The full name of what the caller calls a project."""
        return self._places.full_name(project)

    def commit(self, new: NewVersion) -> Committed:
        """Make a version, whose blobs and manifest were sent before."""
        stored = _blake3(new.manifest.stored_bytes())
        document = NewVersionDocument.of(new, stored)
        return self._client.send("POST", self._at(new.project, "/versions"), Committed, document)

    def resolve(self, reference: str, project: str) -> VersionFacts:
        """The version a reference names."""
        return self._client.get(self._at(project, "/version"), VersionFacts, reference=reference)

    def manifest(self, version: VersionFacts) -> Manifest:
        """A version's manifest, checked against its seal here: the server is not taken at its word."""
        stored = self._client.read("GET", self._of(version, "/manifest"), query={"version": str(version.digest)})
        manifest = manifests.read(stored)
        seal = Seal(
            type=version.type, data_class=version.data_class, manifest=manifest.digest, metadata=version.metadata
        )
        if seal.digest != version.digest:
            raise CorruptData(
                f"the manifest of {version.reference} does not match its seal", hint="run 'rollbook verify'"
            )
        return manifest

    def projects(self) -> Sequence[str]:
        """Full names of all projects of the organisation at hand that the caller may know of."""
        path = f"/projects/{self._places.organisation}"
        return gather(lambda after: self._client.get(path, TextPage, after=after, limit=PAGE))

    def collections(self, project: str, *, type: str = "") -> Sequence[CollectionFacts]:  # noqa: A002
        """Collections of a project."""
        path = self._at(project, "/collections")
        return gather(lambda after: self._client.get(path, CollectionPage, type=type, after=after, limit=PAGE))

    def versions(self, project: str, collection: str) -> Sequence[VersionFacts]:
        """Versions of a collection, newest first."""
        path = self._at(project, "/versions")
        return gather(lambda after: self._client.get(path, VersionPage, collection=collection, after=after, limit=PAGE))

    def statements(self, version: VersionFacts) -> Sequence[bytes]:
        """Provenance statements of a version."""
        path, digest = self._of(version, "/statements"), str(version.digest)
        texts = gather(lambda after: self._client.get(path, TextPage, version=digest, after=after, limit=PAGE))
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
        document = NoteDocument(
            collection=version.collection,
            number=version.number,
            add_tags=tuple(add_tags),
            remove_tags=tuple(remove_tags),
            description=description,
            metadata=None if metadata is None else dict(metadata),
        )
        return self._client.send("POST", self._of(version, "/notes"), VersionFacts, document)

    def notes(self, version: VersionFacts) -> Sequence[Mapping[str, JSON]]:
        """Every note a version ever had."""
        path, digest = self._of(version, "/notes"), str(version.digest)
        return gather(lambda after: self._client.get(path, RecordPage, version=digest, after=after, limit=PAGE))

    def start_run(self, new: NewRun) -> RunFacts:
        """Begin a run, and send what earlier runs of this machine left behind."""
        document = NewRunDocument(
            name=new.name,
            job_type=new.job_type,
            group=new.group,
            config=new.config,
            tags=new.tags,
            notes=new.notes,
        )
        run = self._client.send("POST", self._at(new.project, "/runs"), RunFacts, document)
        self._outbox.send_left_behind(self._client)
        return run

    def update_run(self, run: RunFacts, changes: RunChanges) -> RunFacts:
        """Change facts of a run. Where the server is away they wait in the outbox: that must not end a training."""
        try:
            changed = self._client.send("PATCH", self._run(run), RunFacts, self._outbox.deferred(run.id, changes))
        except Unavailable as error:
            self._outbox.defer(self._client, run.id, self._run(run, HISTORY), changes)
            message = f"what changed about run {run.short} waits on this machine: {error.message}"
            warnings.warn(f"{message}; 'rollbook sync' sends it", RuntimeWarning, stacklevel=3)
            return run
        self._outbox.told(run.id)
        return changed

    def heartbeat(self, run: RunFacts) -> None:
        """Note that a run lives."""
        self._client.read("POST", self._run(run, "/heartbeat"))

    def run(self, run: str, project: str) -> RunFacts:
        """A run by id."""
        return self._client.get(self._at(project, "/run"), RunFacts, name=run)

    def runs(
        self, project: str, *, state: str = "", job_type: str = "", group: str = "", tag: str = ""
    ) -> Sequence[RunFacts]:
        """Runs of a project, newest first."""
        path = self._at(project, "/runs")
        return gather(
            lambda after: self._client.get(
                path, RunPage, state=state, job_type=job_type, group=group, tag=tag, after=after, limit=PAGE
            )
        )

    def edges(self, run: RunFacts) -> Mapping[str, Sequence[str]]:
        """What a run used and produced."""
        return self._client.get(self._run(run, "/edges"), dict[str, list[str]])

    def open_log(self, run: RunFacts) -> RunLog:
        """The run's journal on this machine, whose rows a thread sends to the server."""
        return self._outbox.open(self._client, run.id, self._run(run, HISTORY))

    def history(self, run: RunFacts) -> Iterator[dict[str, Any]]:
        """A run's rows: those that the server has."""
        return merge_steps(self._rows(run))

    def _rows(self, run: RunFacts) -> Iterator[HistoryRow]:
        for said in self._client.lines("GET", self._run(run, "/history")):
            if isinstance(said, dict):
                return
            yield HistoryRow(*said)
        raise Unavailable(f"the history of run {run.short!r} broke off", hint="read it again")

    def use(self, run: RunFacts, version: VersionFacts, reference: str) -> None:
        """Record that a run used a version."""
        document = UseDocument(
            version=version.digest, project=version.project, collection=version.collection, reference=reference
        )
        self._client.read("POST", self._run(run, "/uses"), content=write_document(document))

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
        if action not in ("set", "promote"):
            raise InvalidInput(f"action {action!r} does not move an alias", hint="'set' or 'promote'")
        document = AliasDocument(alias=alias, reference=reference, segment=segment, reason=reason)
        path = self._at(project, "/aliases" if action == "set" else "/promotions")
        return self._client.send("POST", path, AliasMove, document)

    def delete_alias(
        self, collection: str, alias: str, project: str, *, segment: str = "", reason: str = ""
    ) -> AliasMove:
        """Take an alias away."""
        query = {"collection": collection, "alias": alias, "segment": segment, "reason": reason}
        return self._client.send("DELETE", self._at(project, "/aliases"), AliasMove, query=query)

    def rollback(self, collection: str, alias: str, project: str, *, segment: str = "", reason: str = "") -> AliasMove:
        """Put an alias back where it was."""
        document = RollbackDocument(collection=collection, alias=alias, segment=segment, reason=reason)
        return self._client.send("POST", self._at(project, "/rollbacks"), AliasMove, document)

    def alias_history(self, collection: str, alias: str, project: str) -> Sequence[AliasMove]:
        """Every move of an alias, oldest first."""
        path = self._at(project, "/moves")
        return gather(
            lambda after: self._client.get(path, MovePage, collection=collection, alias=alias, after=after, limit=PAGE)
        )[::-1]

    def lineage(
        self, reference: str, project: str, *, up: bool = True, down: bool = True, depth: int | None = None
    ) -> Lineage:
        """The graph around a version or run."""
        path = self._at(project, "/lineage")
        return self._client.get(path, Lineage, reference=reference, up=up, down=down, depth=depth)

    def compare(
        self, references: Sequence[str], project: str, plan: Mapping[str, Any], *, save: str = ""
    ) -> Comparison:
        """Compare models, on the server."""
        document = CompareDocument(references=tuple(references), plan=dict(plan), save=save)
        return self._long(self._at(project, "/compare"), Comparison, document)

    def explore(
        self,
        references: Sequence[str],
        project: str,
        *,
        where: Mapping[str, Sequence[str]],
        metrics: Sequence[str] = (),
        attributes: Sequence[str] = (),
    ) -> Exploration:
        """How versions do on any set of students, found on the server."""
        document = ExploreDocument(
            references=tuple(references),
            where={name: tuple(levels) for name, levels in where.items()},
            metrics=tuple(metrics),
            attributes=tuple(attributes),
        )
        return self._long(self._at(project, "/explore"), Exploration, document)

    def diff(self, old: str, new: str, project: str, *, key: Sequence[str] = ()) -> VersionDiff:
        """What differs between two versions, found on the server."""
        return self._long(self._at(project, "/diff"), VersionDiff, DiffDocument(old=old, new=new, key=tuple(key)))

    def search(self, ask: SearchAsk, project: str) -> SearchAnswer:
        """A page of versions or runs."""
        named = msgspec.structs.replace(ask, projects=tuple(self.full_name(name) for name in ask.projects))
        return self._client.send("POST", self._at(project, f"/search/{ask.target}"), SearchAnswer, named)

    def search_fields(self, ask: SearchAsk, project: str) -> SearchFields:
        """What can be searched by."""
        named = msgspec.structs.replace(ask, projects=tuple(self.full_name(name) for name in ask.projects))
        return self._client.send("POST", self._at(project, f"/search/{ask.target}/fields"), SearchFields, named)

    def rebuild_search(self, project: str) -> int:
        """Write anew what search looks at."""
        return self._client.send("POST", self._at(project, "/search/rebuild"), int)

    def save_view(self, project: str, new: NewView) -> SavedView:
        """Save a search under a name."""
        return self._client.send("POST", self._at(project, "/views"), SavedView, new)

    def view(self, project: str, name: str) -> SavedView:
        """A saved view."""
        return self._client.get(self._at(project, "/view"), SavedView, name=name)

    def views(self, project: str) -> Sequence[SavedView]:
        """Saved views, oldest first."""
        path = self._at(project, "/views")
        return gather(lambda after: self._client.get(path, ViewPage, after=after, limit=PAGE))

    def remove_view(self, project: str, name: str) -> SavedView:
        """Take one's own view away."""
        return self._client.send("DELETE", self._at(project, "/view"), SavedView, query={"name": name})

    def verify(self, reference: str | None, project: str, *, progress: Progress | None = None) -> Verification:
        """Check a version, or everything, on the server."""
        document = VerifyDocument(reference=reference)
        return self._long(self._at(project, "/verify"), Verification, document, progress)

    @property
    def reports(self) -> Reports:
        """Kept reports, sealed plans and ledgers."""
        from rollbook.sdk.remote.reports import RemoteReports

        return RemoteReports(self._client, self._places, self._long)

    @property
    def space(self) -> Space:
        """Usage, deletions, retention, collection and jobs."""
        from rollbook.sdk.remote.space import RemoteSpace

        return RemoteSpace(self._client, self._places)

    def doctor(self) -> Sequence[Check]:
        """Look at the server's data directory."""
        return self._long("/doctor", tuple[Check, ...])

    def key(self, project: str) -> Key:
        """The project's pseudonym key."""
        return Key(base64.b64decode(self._client.get(self._at(project, "/pseudonym-key"), KeyDocument).secret))

    def _long(self, path: str, kind: type[Value], document: Any = None, progress: Progress | None = None) -> Value:
        """The result of a verb that may take long."""
        done = 0
        for said in self._client.lines("POST", path, document):
            if "result" in said:
                return from_document(said["result"], kind)
            if progress is not None:
                progress(int(said["progress"]) - done)
            done = int(said["progress"])
        raise Unavailable(f"{self.location} broke off before the answer", hint="try again")

    def _at(self, project: str, below: str = "") -> str:
        return self._places.path(project) + below

    def _of(self, version: VersionFacts, below: str) -> str:
        return self._places.path(version.project, version.organisation) + below

    def _run(self, run: RunFacts, below: str = "") -> str:
        return f"{self._places.path(run.project)}/runs/{run.id}{below}"


def _blake3(data: bytes) -> Digest:
    from blake3 import blake3

    return Digest("blake3", blake3(data).hexdigest())
