"""Hits, fields and saved views as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from rollbook.cli import words
from rollbook.cli.layout import Block, Facts, Heading, Table
from rollbook.model.canonical import JSON
from rollbook.model.facts import RunFacts, VersionFacts
from rollbook.model.query.answers import SavedView, SearchAnswer, SearchFields


def hits(answer: SearchAnswer, now: int | None, *, several: bool) -> Iterator[Block]:
    """A page of hits, and whether more follow.

    Args:
        answer: The page.
        now: UTC microseconds to tell ages from; None for dates.
        several: Whether several projects were searched, so that each hit names its own.
    """
    shown = (
        [_version(facts, now, several=several) for facts in answer.versions]
        if answer.target == "versions"
        else [_run(facts, now, several=several) for facts in answer.runs]
    )
    heads = ("version", "type", "logged", "tags") if answer.target == "versions" else ("run", "name", "state", "began")
    cells = answer.cells or tuple(() for _ in shown)
    rows = tuple((*own, *map(_cell, more)) for own, more in zip(shown, cells, strict=True))
    if rows:
        yield Table((*heads, *answer.columns), rows, fold=heads[-1:])
    yield _end(answer, len(rows))
    yield from (f"note: {warning}" for warning in answer.warnings)


def _end(answer: SearchAnswer, count: int) -> str:
    noun = answer.target.removesuffix("s")
    found = words.counted(count, noun) if count else f"no {answer.target}"
    if answer.next:
        return f"{found}; more follow: --after {answer.next}"
    return found if answer.complete else f"{found}; not everything could be searched"


def _version(facts: VersionFacts, now: int | None, *, several: bool) -> tuple[str, ...]:
    name = f"{facts.project}/{facts.reference}" if several else facts.reference
    return name, facts.type, _when(facts.created_at, now), ", ".join((*facts.aliases, *facts.tags))


def _run(facts: RunFacts, now: int | None, *, several: bool) -> tuple[str, ...]:
    name = f"{facts.project}/{facts.short}" if several else facts.short
    return name, facts.name, facts.state, _when(facts.started_at, now)


def _when(at: int, now: int | None) -> str:
    return words.moment(at) if now is None else words.ago(at, now)


def _cell(value: JSON) -> str:
    if value is None:
        return words.DASH
    if isinstance(value, list):
        return ", ".join(_cell(item) for item in cast("list[Any]", value))
    return f"{value:.6g}" if isinstance(value, float) else words.value(value)


def fields(found: SearchFields) -> Iterator[Block]:
    """What can be searched by."""
    rows = tuple(
        (field.name, ", ".join(field.kinds), "" if field.count is None else f"{field.count:,}", field.meaning)
        for field in found.fields
    )
    yield Table(("field", "kinds", found.target, "meaning"), rows, right=(found.target,))
    if not found.complete:
        yield "these are not all fields: each project tells of its first 1,000"


def views(found: Sequence[SavedView]) -> Iterator[Block]:
    """Saved views."""
    rows = tuple(
        (view.name, words.person(view.owner), "yes" if view.shared else "no", view.target, view.query) for view in found
    )
    yield Table(("view", "owner", "shared", "searches", "query"), rows)


def view(found: SavedView, now: int | None) -> Iterator[Block]:
    """One saved view."""
    yield Heading(f"{found.project}  {found.name}")
    yield Facts(
        (
            ("owner", words.person(found.owner)),
            ("shared", "yes" if found.shared else "no"),
            ("searches", found.target),
            ("query", found.query or "everything"),
            ("sort", found.sort or "the newest first"),
            ("columns", ", ".join(found.columns) or words.DASH),
            ("changed", _when(found.changed_at, now)),
        )
    )
