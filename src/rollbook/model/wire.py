"""Documents that only travel: what a client sends to a server, and pages of what it gets back.

Everything else that travels is a fact of its own (`model.facts`, `model.results`) in the form of `model.document`.
"""

from __future__ import annotations

import msgspec

from rollbook.model.canonical import JSON
from rollbook.model.digest import Digest
from rollbook.model.facts import AliasMove, CollectionFacts, Link, NewVersion, Origin, RunFacts, VersionFacts
from rollbook.model.manifest import Manifest
from rollbook.model.version import DataClass


class NewVersionDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version to be committed, whose manifest was sent before, as a blob.

    Attributes:
        collection: Collection name; made when it does not exist.
        type: Artifact type; must equal the collection's.
        manifest: Blob of the manifest's stored bytes.
        data_class: Declared sensitivity.
        metadata: Creation metadata, sealed.
        origin: Where it came from.
        stated_number: The number the caller expects, or None.
        aliases: Aliases to set on it.
        tags: Labels to put on it.
        description: Text about it, or "".
        links: Versions it belongs to.
    """

    collection: str
    type: str
    manifest: Digest
    data_class: DataClass = "internal"
    metadata: dict[str, JSON] = {}
    origin: Origin = Origin()
    stated_number: int | None = None
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    description: str = ""
    links: tuple[Link, ...] = ()

    @classmethod
    def of(cls, new: NewVersion, manifest: Digest) -> NewVersionDocument:
        """What to send for a version whose manifest is stored."""
        own = {name: getattr(new, name) for name in cls.__struct_fields__ if name != "manifest"}
        return cls(manifest=manifest, **own)

    def read(self, project: str, manifest: Manifest) -> NewVersion:
        """The version that was sent."""
        own = {name: getattr(self, name) for name in self.__struct_fields__ if name != "manifest"}
        return NewVersion(project=project, manifest=manifest, **own)


class AliasDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an alias shall point.

    Attributes:
        alias: Its name.
        reference: The version.
        segment: `key=value{,key=value}` for which the alias holds, or "".
        reason: Why; kept for ever.
        expected: Number where the alias must point now; left out to move it wherever it points, null for nowhere.
    """

    alias: str
    reference: str
    segment: str = ""
    reason: str = ""
    expected: int | msgspec.UnsetType | None = msgspec.UNSET


class RollbackDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An alias to put back where it was, for a segment or "", and why."""

    collection: str
    alias: str
    segment: str = ""
    reason: str = ""


class NoteDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Later facts about the version under a number of a collection; what is left out or null stays as it is."""

    collection: str
    number: int
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    description: str | None = None
    metadata: dict[str, JSON] | None = None


class NewRunDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller says of a run that begins."""

    name: str = ""
    job_type: str = ""
    group: str = ""
    config: dict[str, JSON] = {}
    tags: tuple[str, ...] = ()
    notes: str = ""


class UseDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version that a run uses, and how it was asked for.

    Attributes:
        version: Digest of the version.
        project: Full name of its project; "" for that of the run.
        collection: Collection as a member of which it is used, or "".
        reference: The reference that named it.
    """

    version: Digest
    project: str = ""
    collection: str = ""
    reference: str = ""


class CompareDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to compare, how (the plan of `rollbook compare`), and the collection to keep the report in, or ""."""

    references: tuple[str, ...]
    plan: dict[str, JSON] = {}
    save: str = ""


class ExploreDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which students, by the levels of their attributes that count, and which metrics of which versions."""

    references: tuple[str, ...]
    where: dict[str, tuple[str, ...]] = {}
    metrics: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()


class DiffDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two versions, and the columns that name a row of their tables."""

    old: str
    new: str
    key: tuple[str, ...] = ()


class VerifyDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to check: a version, or everything where `reference` is null."""

    reference: str | None = None


class Received(msgspec.Struct, frozen=True):
    """How many history rows of a run the register has, durably."""

    rows: int


class KeyDocument(msgspec.Struct, frozen=True):
    """The secret of a key domain, in base64. Never keep or log it."""

    secret: str

    def __repr__(self) -> str:
        return "KeyDocument(...)"


class VersionPage(msgspec.Struct, frozen=True):
    """Versions, and what to ask for next; `next` is null on the last page."""

    items: tuple[VersionFacts, ...]
    next: str | None = None


class RunPage(msgspec.Struct, frozen=True):
    """Runs, and what to ask for next. A page may have fewer items than asked for and still not be the last."""

    items: tuple[RunFacts, ...]
    next: str | None = None


class MovePage(msgspec.Struct, frozen=True):
    """Moves of aliases, and what to ask for next."""

    items: tuple[AliasMove, ...]
    next: str | None = None


class CollectionPage(msgspec.Struct, frozen=True):
    """Collections, and what to ask for next."""

    items: tuple[CollectionFacts, ...]
    next: str | None = None


class RecordPage(msgspec.Struct, frozen=True):
    """Plain objects, and what to ask for next."""

    items: tuple[dict[str, JSON], ...]
    next: str | None = None


class TextPage(msgspec.Struct, frozen=True):
    """Texts, and what to ask for next."""

    items: tuple[str, ...]
    next: str | None = None
