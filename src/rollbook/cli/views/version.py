"""Versions as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rollbook.cli import words
from rollbook.cli.layout import Block, Facts, Heading, Table
from rollbook.model.facts import CollectionFacts, Lineage, VersionFacts
from rollbook.model.manifest import Entry

_MOST_FILES = 20
_IN = {"produced": "made by run"}
_OUT = {"used": "used by run"}


def logged(version: VersionFacts, *, created: bool) -> Iterator[Block]:
    """The answer of a command that made a version, or found it made."""
    yield f"{version.reference}  {'new' if created else 'the same content was logged before'}"
    yield str(version.digest)
    yield Facts(
        (
            ("project", version.project),
            ("type", f"{version.type}, {version.data_class}"),
            _files(version),
        )
    )


def listed(versions: Sequence[VersionFacts], now: int | None) -> Iterator[Block]:
    """A collection's versions, newest first.

    Args:
        versions: Versions of one collection.
        now: UTC microseconds to tell ages from; None for dates.
    """
    rows = tuple(
        (
            version.reference,
            ", ".join(version.aliases),
            words.size(version.size),
            _when(version.created_at, now),
            words.person(version.created_by),
            ", ".join(version.tags),
        )
        for version in versions
    )
    yield Table(("version", "aliases", "size", "logged", "by", "tags"), rows, right=("size",))


def shown(
    version: VersionFacts,
    entries: Sequence[Entry],
    notes: Sequence[Mapping[str, Any]],
    neighbours: Lineage,
    now: int | None,
) -> Iterator[Block]:
    """Everything about one version: what is sealed, what was said later, what it is linked with, what is in it."""
    yield Heading(f"{version.project}/{version.reference}")
    yield str(version.digest)
    yield Facts(tuple(_sealed(version, now)))
    yield ""
    yield from _beside(version, notes)
    yield from _links(neighbours)
    yield from _entries(entries)


def _sealed(version: VersionFacts, now: int | None) -> Iterator[tuple[str, str]]:
    yield "type", version.type
    yield "data class", version.data_class
    yield "logged", f"{_when(version.created_at, now)} by {words.person(version.created_by)}"
    yield _files(version)
    if version.metadata:
        yield "metadata", "\n".join(words.flattened(version.metadata))


def _beside(version: VersionFacts, notes: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    said = (
        ("aliases", ", ".join(version.aliases)),
        ("tags", ", ".join(version.tags)),
        ("description", version.description),
    )
    known = tuple((label, text) for label, text in said if text)
    if known:
        yield Heading("Said of it")
        yield Facts(known)
        yield ""
    if notes:
        yield Heading("Notes, oldest first")
        yield Table(("when", "who", "what", "value", "taken back"), tuple(_note(note) for note in notes))
        yield ""


def _note(note: Mapping[str, Any]) -> tuple[str, ...]:
    when, gone = str(note.get("added_at") or ""), str(note.get("removed_at") or "")
    shown = words.shortened(str(note.get("value", "")), 40)
    return _minute(when), words.person(str(note.get("actor", ""))), str(note.get("kind", "")), shown, _minute(gone)


def _minute(text: str) -> str:
    return text[:16].replace("T", " ")


def _links(neighbours: Lineage) -> Iterator[Block]:
    names = {node.id: node for node in neighbours.nodes}
    rows: list[tuple[str, str, str]] = []
    for edge in neighbours.edges:
        if edge.target == neighbours.root:
            rows.append((_IN.get(edge.role, edge.role), names[edge.source].name, names[edge.source].type))
        elif edge.source == neighbours.root:
            how = _OUT.get(edge.role, f"is the {edge.role} of")
            rows.append((how, names[edge.target].name, names[edge.target].type))
    if rows:
        yield Heading("Linked with")
        yield Table(("how", "what", "type"), tuple(rows))
        yield ""


def _entries(entries: Sequence[Entry]) -> Iterator[Block]:
    yield Heading("Files")
    yield Table(
        ("path", "kind", "size", "rows", "content"),
        tuple(_entry(entry) for entry in entries[:_MOST_FILES]),
        right=("size", "rows"),
        fold=("path", "content"),
    )
    if len(entries) > _MOST_FILES:
        yield f"... and {words.counted(len(entries) - _MOST_FILES, 'more file')}: all with --json"


def _entry(entry: Entry) -> tuple[str, ...]:
    rows = words.DASH if entry.rows is None else f"{entry.rows:,}"
    content = words.short(entry.digest) if entry.digest else f"{entry.uri} {entry.checksum or 'without a checksum'}"
    return entry.path, entry.kind, words.size(entry.size), rows, content


def _files(version: VersionFacts) -> tuple[str, str]:
    return "files", f"{words.counted(version.file_count, 'file')}, {words.size(version.size)}"


def _when(at: int, now: int | None) -> str:
    return words.moment(at) if now is None else words.ago(at, now)


def collections(found: Iterable[CollectionFacts], now: int | None) -> Iterator[Block]:
    """Collections of a project."""
    rows = tuple((item.name, item.type, item.newest or words.DASH, _when(item.updated_at, now)) for item in found)
    yield Table(("collection", "type", "newest", "last version"), rows)
