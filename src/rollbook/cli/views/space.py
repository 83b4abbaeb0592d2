"""What is said of space: usage, deletions, retention, collection and jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rollbook.cli import words
from rollbook.cli.layout import Block, Facts, Heading, Table
from rollbook.model.space import (
    Collected,
    Deletion,
    JobFacts,
    RetentionPreview,
    RetentionSetting,
    UsageReport,
)

_FAR = 2**61


def used(found: UsageReport) -> Iterator[Block]:
    """Space by name."""
    columns = ("", "name", "files", "stored", "alone", "shared")
    rows = tuple(
        (
            row.level,
            row.name,
            words.size(row.logical_bytes),
            words.size(row.stored_bytes),
            words.size(row.exclusive_bytes),
            words.size(row.shared_bytes),
        )
        for row in found.rows
    )
    yield Table(columns, rows, right=("files", "stored", "alone", "shared"), fold=("name",))
    if not found.complete:
        yield "There is more: only the largest are listed."


def gone(done: Deletion) -> str:
    """One deletion in a line."""
    return f"Deleted {done.project}/{done.reference}. Until {words.moment(done.until_at)} it can be brought back."


def deletions(found: Sequence[Deletion]) -> Iterator[Block]:
    """Deleted versions."""
    rows = tuple(
        (
            one.reference,
            words.moment(one.deleted_at),
            words.person(one.deleted_by),
            words.moment(one.until_at),
            one.reason,
        )
        for one in found
    )
    yield Table(("version", "deleted", "by", "can come back until", "why"), rows, fold=("why",))


def rules(found: Sequence[RetentionSetting]) -> Iterator[Block]:
    """Retention rules as they were set."""
    rows = tuple(
        (
            one.collection or "(all)",
            str(one.generation),
            _rule(one),
            words.moment(one.at),
            words.person(one.actor),
            one.reason,
        )
        for one in found
    )
    yield Table(("collection", "no.", "keeps", "set", "by", "why"), rows, right=("no.",), fold=("keeps", "why"))


def _rule(setting: RetentionSetting) -> str:
    rule = setting.rule
    if rule is None:
        return "everything"
    parts = (
        (rule.keep_last, f"newest {rule.keep_last}"),
        (rule.keep_days, f"{rule.keep_days} days"),
        (rule.keep_aliased, "ever aliased"),
        (rule.keep_used, "used by aliased"),
        (rule.keep_tags, f"tagged {', '.join(rule.keep_tags)}"),
    )
    return "; ".join(text for wanted, text in parts if wanted)


def kept(found: RetentionPreview) -> Iterator[Block]:
    """What goes, then what stays and why."""
    going = [one for one in found.versions if one.goes]
    verb = "deleted" if found.applied else "would be deleted"
    size = words.size(sum(one.size for one in going))
    yield Heading(
        f"{words.counted(len(going), 'version')} {verb}, {size} of files; {len(found.versions) - len(going)} stay"
    )
    rows = tuple(("go" if one.goes else "stay", one.reference, words.size(one.size), one.why) for one in found.versions)
    yield Table(("", "version", "files", "why"), rows, right=("files",), fold=("why",))


def collected(done: Collected) -> Iterator[Block]:
    """What a collection did, or would do."""
    yield Heading("Nothing was changed: this is a preview." if done.preview else "Collected.")
    pairs = [
        ("stored", f"{words.size(done.stored_bytes)} in {words.counted(done.packs, 'pack')}"),
        ("needed", words.size(done.needed_bytes)),
        ("not needed", f"{words.size(done.dead_bytes)}, of which {words.size(done.waiting_bytes)} wait"),
        ("go now", f"{words.size(done.condemned_bytes)} of {words.counted(done.condemned, 'pack')}"),
    ]
    if not done.preview:
        pairs.append(("removed", f"{words.size(done.removed_bytes)} in {words.counted(done.removed, 'pack')}"))
    if done.copied_bytes:
        pairs.append(("copied out", words.size(done.copied_bytes)))
    if done.spared:
        pairs.append(("spared", f"{words.counted(done.spared, 'pack')} that somebody came to need meanwhile"))
    if done.unreadable:
        pairs.append(("left alone", f"{words.counted(done.unreadable, 'pack')} with a damaged index"))
    if done.postponed:
        pairs.append(("postponed", done.postponed))
    yield Facts(tuple(pairs))


def jobs(found: Sequence[JobFacts]) -> Iterator[Block]:
    """Jobs and how they went."""
    rows = tuple(
        (
            one.kind,
            "-" if one.run_at > _FAR else words.moment(one.run_at),
            words.moment(one.finished_at) if one.finished_at else "-",
            one.owner or "-",
            str(one.attempts),
            words.shortened(one.last_error, 80),
        )
        for one in found
    )
    yield Table(("job", "due", "done", "at it", "failed", "why"), rows, right=("failed",), fold=("why",))
