"""Space: the rules of what may go and when, and the figures that are told about it. Pure; times in UTC microseconds."""

from __future__ import annotations

from typing import Literal

import msgspec

HOUR = 3600 * 1_000_000
DAY = 24 * HOUR
UNDELETE_WITHIN = 30 * DAY
"""How long a deleted version can be brought back; its bytes stay at least that long."""

Level = Literal["project", "collection", "version"]
Verdict = Literal["wait", "rewrite", "remove"]


class CollectPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When bytes that nothing needs may go.

    Attributes:
        cycles: In so many collections in a row they were not needed.
        age: So long they were not needed, as the collections themselves counted.
        step: Most time that one collection adds to that age, so that a clock that jumps ages nothing.
        dead_share: A pack is rewritten when more than this share of its bytes is dead.
        small: A pack of fewer bytes is small.
        many: So many small packs are put together.
        linger: So long a pack that counts no more stays, for readers that looked at it before.
    """

    cycles: int = 2
    age: int = DAY
    step: int = 12 * HOUR
    dead_share: float = 0.5
    small: int = 1024 * 1024
    many: int = 64
    linger: int = HOUR


EAGER = CollectPolicy(cycles=1, age=0, linger=0)
"""For somebody who knows that nobody else is at work: space is free at once. No less safe, only less patient."""


class PackVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a collection does, or would do, with a pack.

    Attributes:
        pack: Id, in hexadecimal digits.
        verdict: `wait`, `rewrite` (keep what is needed of it) or `remove`.
        bytes: Length of its objects.
        dead_bytes: Bytes of it that nothing needs.
    """

    pack: str
    verdict: Verdict
    bytes: int
    dead_bytes: int


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a collection, or of its preview.

    Attributes:
        preview: Whether nothing was changed.
        cycle: Number of the collection.
        packs: Packs in the store before.
        stored_bytes: Bytes of these packs.
        needed_bytes: Bytes that are needed, each once.
        dead_bytes: Bytes that nothing needs.
        waiting_bytes: Those of them that are not due yet.
        condemned: Packs that count no more from now on.
        condemned_bytes: Their bytes, less what was copied.
        removed: Packs that were removed from the store, of this collection and of earlier ones.
        removed_bytes: Their bytes.
        copied_bytes: Bytes that were copied out of packs that go.
        spared: Packs that somebody came to need meanwhile.
        unreadable: Packs whose index is damaged; they are left alone.
        postponed: Why nothing was condemned, or "".
        verdicts: What is done with each pack that has dead bytes, at most 1,000.
    """

    preview: bool
    cycle: int
    packs: int
    stored_bytes: int
    needed_bytes: int
    dead_bytes: int
    waiting_bytes: int = 0
    condemned: int = 0
    condemned_bytes: int = 0
    removed: int = 0
    removed_bytes: int = 0
    copied_bytes: int = 0
    spared: int = 0
    unreadable: int = 0
    postponed: str = ""
    verdicts: tuple[PackVerdict, ...] = ()


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """The space that something takes.

    Attributes:
        level: What it is.
        name: Full name of the project, `collection`, or `collection:vN`.
        logical_bytes: Bytes of all files of its versions, each version counted.
        stored_bytes: Bytes in the store that it needs, each once.
        exclusive_bytes: Those of them that nothing else of the organisation needs: what deleting it frees in the end.
    """

    level: Level
    name: str
    logical_bytes: int
    stored_bytes: int
    exclusive_bytes: int

    @property
    def shared_bytes(self) -> int:
        """Bytes that something else needs, too."""
        return self.stored_bytes - self.exclusive_bytes


class UsageReport(msgspec.Struct, frozen=True, kw_only=True):
    """Space by name.

    Attributes:
        rows: The whole first, then its parts, the largest first.
        at: When it was computed.
        complete: False where parts were left out.
    """

    rows: tuple[Usage, ...]
    at: int
    complete: bool = True


class Deletion(msgspec.Struct, frozen=True, kw_only=True):
    """A deleted version, as evidence of it stays.

    Attributes:
        project: Full name.
        reference: `collection:vN`.
        digest: Of the version, as text.
        deleted_at: When.
        deleted_by: By whom.
        reason: Why, or "".
        until_at: When it can be brought back at the latest.
    """

    project: str
    reference: str
    digest: str
    deleted_at: int
    deleted_by: str
    reason: str
    until_at: int


class RetentionRule(msgspec.Struct, frozen=True, kw_only=True):
    """Which versions of a collection stay. One stays when any of these asks for it; without a rule all stay.

    Attributes:
        keep_last: So many of the newest.
        keep_days: Those younger than so many days.
        keep_aliased: Those that an alias points to (they cannot be deleted anyway) or ever pointed to.
        keep_used: Those that something aliased was made from.
        keep_tags: Those with one of these tags; `*` for any tag.
    """

    keep_last: int = 0
    keep_days: int = 0
    keep_aliased: bool = False
    keep_used: bool = True
    keep_tags: tuple[str, ...] = ()


class RetentionSetting(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as it was set.

    Attributes:
        project: Full name.
        collection: Name, or "" for every collection without a rule of its own.
        generation: How often it was set, counted from 1.
        rule: The rule, or None where it was taken away.
        at: When.
        actor: By whom.
        reason: Why, or "".
    """

    project: str
    collection: str
    generation: int
    rule: RetentionRule | None
    at: int
    actor: str
    reason: str


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a version under the rules.

    Attributes:
        reference: `collection:vN`.
        goes: Whether it is deleted.
        why: Why it stays, or that no rule keeps it.
        size: Bytes of its files.
    """

    reference: str
    goes: bool
    why: str
    size: int


class RetentionPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules of a project would do, or did.

    Attributes:
        applied: Whether it was done.
        versions: Every version of a collection that has a rule.
    """

    applied: bool
    versions: tuple[Kept, ...]


class JobFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A job and how it went last.

    Attributes:
        kind: What it does.
        subject: What it does it to, or "".
        run_at: When it is due.
        owner: Who is at it, or "".
        attempts: How often it failed in a row.
        started_at: When it began last.
        finished_at: When it ended well last.
        last_error: Why it failed last, or "".
        result: What it said last, as JSON.
    """

    kind: str
    subject: str
    run_at: int
    owner: str
    attempts: int
    started_at: int | None
    finished_at: int | None
    last_error: str
    result: str


class DeletionDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version to delete or to bring back, and why."""

    reference: str
    reason: str = ""


class RetentionDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A retention rule to set; no rule takes away the one that stands."""

    rule: RetentionRule | None
    collection: str = ""
    reason: str = ""


class CollectDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether to collect, or only to say what would be collected."""

    preview: bool = True
