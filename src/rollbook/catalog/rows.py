"""What queries return: frozen values, never database rows.

`key` is the integer that joins rows inside the catalog; `id` is the text that may go outside. Times are UTC
microseconds, JSON is canonical text, and `None` means absent.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from rollbook.model.digest import Digest

RunState = Literal["running", "finished", "failed", "crashed", "killed"]
EdgeRole = Literal["used", "produced"]
MoveAction = Literal["set", "promote", "rollback", "delete"]
NoteKind = Literal["tag", "description", "metadata"]


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Who does something, when (UTC microseconds) and why."""

    actor: str
    at: int
    reason: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What every row has: its key, and the organisation it belongs to."""

    key: int
    organisation: int


class OrganisationRow(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant."""

    key: int
    id: str
    name: str
    created_at: int


class ProjectRow(Row, frozen=True, kw_only=True):
    """A project: the space in which collections and runs are named and content is deduplicated."""

    id: str
    name: str
    key_domain: str
    created_at: int


class CollectionRow(Row, frozen=True, kw_only=True):
    """A named sequence of versions of one type."""

    project: int
    id: str
    name: str
    type: str
    description: str
    created_at: int
    created_by: str


class VersionRow(Row, frozen=True, kw_only=True):
    """An immutable version. `run` is the id of the run that first produced it, or None."""

    project: int
    id: str
    digest: Digest
    type: str
    data_class: str
    manifest_digest: Digest
    manifest_blob: Digest
    metadata: str
    schemas: str
    seal: bytes
    size: int
    file_count: int
    created_at: int
    created_by: str
    run: str | None


class MembershipRow(Row, frozen=True, kw_only=True):
    """A version under its number in a collection. A deleted one keeps its number."""

    project: int
    project_name: str
    collection: int
    collection_name: str
    number: int
    added_at: int
    added_by: str
    deleted_at: int | None
    deleted_by: str | None
    version: VersionRow

    @property
    def name(self) -> str:
        """`collection:vN`."""
        return f"{self.collection_name}:v{self.number}"


class AliasRow(Row, frozen=True, kw_only=True):
    """Where an alias points now. `membership` and `number` are None after it was deleted; `generation` counts moves."""

    project: int
    collection: int
    alias: str
    segment: str
    membership: int | None
    number: int | None
    generation: int
    moved_at: int


class MoveRow(Row, frozen=True, kw_only=True):
    """One move of an alias. A rollback names in `undoes` the generation of the move that it took back."""

    project: int
    alias: str
    segment: str
    generation: int
    from_number: int | None
    to_number: int | None
    action: MoveAction
    actor: str
    reason: str
    at: int
    undoes: int | None


class NoteRow(Row, frozen=True, kw_only=True):
    """A dated fact about a version, which its seal does not cover."""

    project: int
    version: int
    kind: NoteKind
    value: str
    actor: str
    added_at: int
    removed_at: int | None
    removed_by: str | None


class RunRow(Row, frozen=True, kw_only=True):
    """A run. `short` is the name of eight characters that people type."""

    project: int
    id: str
    short: str
    name: str
    job_type: str
    group: str
    state: RunState
    config: str
    summary: str
    notes: str
    environment: str
    code: str
    created_by: str
    started_at: int
    heartbeat_at: int
    finished_at: int | None
    tags: tuple[str, ...] = ()


class EdgeRow(Row, frozen=True, kw_only=True):
    """A run used or produced a version; `reference` is how it asked for it."""

    project: int
    run: int
    version: int
    membership: int | None
    role: EdgeRole
    reference: str
    at: int


class VersionLinkRow(Row, frozen=True, kw_only=True):
    """A version (`source`) belongs to another (`target`), such as an evaluation to its model."""

    project: int
    source: int
    target: int
    relation: str
    reference: str
    at: int


class EvaluationRow(Row, frozen=True, kw_only=True):
    """The protocol under which an evaluation version was made."""

    project: int
    version: int
    protocol: str
    at: int


class StatementRow(Row, frozen=True, kw_only=True):
    """A provenance statement about a version, named by the digest of its bytes."""

    project: int
    version: int
    run: int | None
    digest: Digest
    content: bytes
    at: int


class AuditRow(Row, frozen=True, kw_only=True):
    """An audit entry: its canonical bytes and their leaf hash."""

    project: int | None
    sequence: int
    at: int
    actor: str
    action: str
    resource: str
    entry: bytes
    leaf: Digest
