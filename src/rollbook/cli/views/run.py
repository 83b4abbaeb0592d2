"""Runs as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from rollbook.cli import words
from rollbook.cli.layout import Block, Facts, Heading, Table
from rollbook.cli.views.provenance import environment
from rollbook.model.facts import RunFacts


def listed(runs: Sequence[RunFacts], now: int | None) -> Iterator[Block]:
    """Runs, newest first."""
    rows = tuple(
        (run.short, run.name, run.job_type, run.state, _when(run.started_at, now), _lasted(run), ", ".join(run.tags))
        for run in runs
    )
    yield Table(("run", "name", "job", "state", "started", "took", "tags"), rows, fold=("name", "tags"))


def shown(
    run: RunFacts,
    used: Sequence[str],
    produced: Sequence[str],
    history: Sequence[Mapping[str, Any]] | None,
    now: int | None,
) -> Iterator[Block]:
    """Everything about one run."""
    yield Heading(f"{run.project}/{run.short}  {run.name}")
    facts = {
        "id": run.id,
        "job": run.job_type,
        "group": run.group,
        "state": run.state,
        "started": _when(run.started_at, now),
        "took": _lasted(run),
        "tags": ", ".join(run.tags),
        "notes": run.notes,
        "code": "\n".join(words.flattened(_facts(run.code))),
        "environment": environment(_facts(run.environment)),
        "used": "\n".join(used),
        "made": "\n".join(produced),
    }
    yield Facts(tuple((label, text) for label, text in facts.items() if text))
    yield from _values("Configuration", run.config)
    yield from _values("Summary", run.summary)
    if history is not None:
        yield from _history(history)


def _facts(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _values(title: str, values: Mapping[str, Any]) -> Iterator[Block]:
    if values:
        yield ""
        yield Heading(title)
        yield Facts(tuple((key, "\n".join(_lines(plain))) for key, plain in values.items()))


def _lines(plain: Any) -> Iterator[str]:
    if isinstance(plain, Mapping) and plain:
        yield from words.flattened(cast("Mapping[str, Any]", plain))
    else:
        yield words.value(plain)


def _history(rows: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    yield ""
    yield Heading(f"Rows: {len(rows):,}")
    names = list(dict.fromkeys(name for row in rows for name in row if not name.startswith("_")))
    cells = tuple((str(row["_step"]), *(_cell(row.get(name)) for name in names)) for row in rows)
    yield Table(("step", *names), cells, right=("step", *names))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else words.value(value)


def _when(at: int, now: int | None) -> str:
    return words.moment(at) if now is None else words.ago(at, now)


def _lasted(run: RunFacts) -> str:
    return words.duration(run.finished_at - run.started_at) if run.finished_at else ""
