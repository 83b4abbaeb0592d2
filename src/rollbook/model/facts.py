"""Facts that travel between the verbs and their callers: what the register knows of runs, versions and alias moves."""

from __future__ import annotations

from typing import Literal

import msgspec

from rollbook.model.canonical import JSON
from rollbook.model.digest import Digest
from rollbook.model.manifest import Manifest
from rollbook.model.version import DataClass

RunState = Literal["running", "finished", "failed", "crashed", "killed"]


class VersionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A committed version as a member of a collection.

    Attributes:
        digest: Seals what the version is.
        organisation: Tenant.
        project: Project name.
        collection: Collection name.
        number: Dense number within the collection.
        type: Artifact type.
        data_class: Declared sensitivity.
        metadata: Creation metadata, sealed.
        manifest_blob: Where the stored manifest lies.
        size: Bytes of all files.
        file_count: Entries in the manifest.
        created_at: UTC microseconds.
        created_by: Actor.
        run: Id of the run that first produced it, or "".
        aliases: Aliases that point here now, as `alias` or `alias/segment`.
        tags: Free labels that stand now.
        description: The newest description, or "".
    """

    digest: Digest
    organisation: str
    project: str
    collection: str
    number: int
    type: str
    data_class: DataClass
    metadata: dict[str, JSON]
    manifest_blob: Digest
    size: int
    file_count: int
    created_at: int
    created_by: str
    run: str = ""
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    description: str = ""

    @property
    def reference(self) -> str:
        """`collection:vN`."""
        return f"{self.collection}:v{self.number}"


class CollectionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A named sequence of versions of one type.

    Attributes:
        name: Its name.
        type: Artifact type of its versions.
        newest: Reference of its newest version, or None where it has none.
        updated_at: When it last grew, UTC microseconds.
    """

    name: str
    type: str
    newest: str | None
    updated_at: int


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A run as the register knows it: what it was, how it was started, how it ended. Times in UTC microseconds."""

    id: str
    short: str
    project: str
    name: str
    job_type: str = ""
    group: str = ""
    state: RunState = "running"
    config: dict[str, JSON] = {}
    summary: dict[str, JSON] = {}
    tags: tuple[str, ...] = ()
    notes: str = ""
    environment: JSON = None
    code: JSON = None
    started_at: int = 0
    finished_at: int | None = None
    heartbeat_at: int | None = None


class NewRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller says of a run that begins."""

    project: str
    name: str = ""
    job_type: str = ""
    group: str = ""
    config: dict[str, JSON] = {}
    tags: tuple[str, ...] = ()
    notes: str = ""


class RunChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What changes about a run; what is None stays, and tags are added.

    Attributes:
        config: All parameters.
        summary: The whole summary.
        state: How it is now.
        tags: Labels to add.
        notes: Text.
        environment: Python, packages and hardware.
        code: Commit, difference, script (see `model.provenance.Code`).
        rows: How many rows an ended run logged. A journal that is cut at a row's border cannot tell by itself.
    """

    config: dict[str, JSON] | None = None
    summary: dict[str, JSON] | None = None
    state: RunState | None = None
    tags: tuple[str, ...] = ()
    notes: str | None = None
    environment: JSON = None
    code: JSON = None
    rows: int | None = None


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a version came from, as far as the caller can tell; the register adds run, inputs and time.

    Attributes:
        run: Id of the producing run, or "" for a version logged by hand.
        parameters: The run's configuration when the version was made.
        environment: Python, packages and hardware.
        code: Commit, difference, script (see `model.provenance.Code`).
        builder: Name of the client and its release.
    """

    run: str = ""
    parameters: JSON = None
    environment: JSON = None
    code: JSON = None
    builder: str = ""


class Link(msgspec.Struct, frozen=True):
    """A version that another belongs to, such as the model of an evaluation."""

    relation: str
    project: str
    collection: str
    digest: Digest


class NewVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version to be committed: every blob that its manifest names is durable already.

    Attributes:
        project: Project name.
        collection: Collection name; made when it does not exist.
        type: Artifact type; must equal the collection's.
        data_class: Declared sensitivity.
        manifest: What it is made of.
        metadata: Creation metadata, sealed.
        origin: Where it came from.
        stated_number: The number the caller expects, or None.
        aliases: Aliases to set on it.
        tags: Labels to put on it.
        description: Text about it, or "".
        links: Versions it belongs to, such as an evaluation's `model`, `dataset` and `roster`.
    """

    project: str
    collection: str
    type: str
    manifest: Manifest
    data_class: DataClass = "internal"
    metadata: dict[str, JSON] = {}
    origin: Origin = Origin()
    stated_number: int | None = None
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    description: str = ""
    links: tuple[Link, ...] = ()


class Committed(msgspec.Struct, frozen=True):
    """The outcome of a commit: the version, and whether it is new."""

    version: VersionFacts
    created: bool


class AliasMove(msgspec.Struct, frozen=True, kw_only=True):
    """One move of an alias, kept for ever. Numbers are None where the alias did not exist."""

    alias: str
    segment: str
    collection: str
    from_number: int | None
    to_number: int | None
    action: str
    actor: str
    reason: str
    at: int


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A run or a version in a lineage graph."""

    id: str
    kind: Literal["run", "version"]
    name: str
    type: str
    depth: int


class Edge(msgspec.Struct, frozen=True):
    """`source` flows into `target`: a used version into a run, a run into what it produced."""

    source: str
    target: str
    role: str


class Lineage(msgspec.Struct, frozen=True):
    """A lineage graph around `root`; `complete` is False where the bound on nodes cut it."""

    root: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    complete: bool = True
