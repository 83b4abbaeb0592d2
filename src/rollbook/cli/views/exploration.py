"""Explorations as people read them: who was kept, then a table of versions and metrics."""

from __future__ import annotations

from collections.abc import Iterator

from rollbook.cli import words
from rollbook.cli.layout import Block, Facts, Heading, Table
from rollbook.model.results import Exploration, ExploredMetric


def shown(found: Exploration) -> Iterator[Block]:
    """The whole answer."""
    least = "" if found.n_students_exact else "at least "
    positive = f"{found.n_pos:,} of {words.counted(found.n, 'row')} positive"
    kept = ", ".join(f"{name} {' or '.join(levels)}" for name, levels in found.where.items())
    yield Heading(f"{words.counted(len(found.models), 'model')} on {kept or 'everyone'}")
    yield Facts(
        (
            ("students", f"{least}{found.n_students:,}"),
            ("rows", positive),
            *((name, words.listed(levels)) for name, levels in found.attributes.items()),
        )
    )
    yield ""
    metrics = tuple(dict.fromkeys(row.metric for row in found.rows))
    cells = {(row.model, row.metric): _cell(row) for row in found.rows}
    yield Table(("model", *metrics), tuple((m, *(cells[m, metric] for metric in metrics)) for m in found.models))
    if any(row.low is None and row.value is not None for row in found.rows):
        yield "Without intervals nothing is ranked: 'rollbook compare' computes them from rows."


def _cell(row: ExploredMetric) -> str:
    if row.value is None:
        return words.DASH
    if row.low is not None:
        return words.interval(row.value, row.low, row.high)
    return words.number(row.value) + (f" ± {row.bound:.1g}" if row.bound else "")
