"""What a person reads, and what a program reads later."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.comparing import EXACT, Comparing
from bench.history import LogCost
from bench.search import SearchCost
from bench.serving import Serving
from bench.startup import StartUp
from bench.storage import Outcome
from bench.targets import Check
from bench.transfer import Transfer

VERDICTS = {True: "reached", False: "MISSED", None: "cannot tell"}


def storage_table(rows: Sequence[Outcome]) -> str:
    """The tools of one workload: seconds of each step, disk and memory."""
    steps = list(dict.fromkeys(step for row in rows for step in row.seconds))
    samples = max(count for row in rows for count in row.samples.values())
    title = (
        f"{rows[0].workload}: {rows[0].logical / 1e9:.2f} GB logical; median seconds of {samples} or fewer processes"
    )
    return title + "\n" + table(["tool", *steps, "disk MB", "disk/logical", "heap MiB"], _storage_rows(rows, steps))


def startup_table(rows: Sequence[StartUp]) -> str:
    """Median seconds of whole processes."""
    cells = [[row.tool, row.what, f"{row.seconds:.3f}", str(row.samples)] for row in rows]
    return "Start-up, whole process\n" + table(["tool", "what", "seconds", "samples"], cells)


def history_table(rows: Sequence[LogCost]) -> str:
    """Microseconds of one call, and how often Rollbook would fit into it."""
    own = next(row.mean for row in rows if row.tool == "rollbook")
    cells = [
        [
            row.tool,
            *(f"{value:.1f}" for value in (row.mean, row.median, row.p99)),
            f"{row.mean / own:.1f}x",
            f"{row.bytes_per_value:.0f}",
            str(row.calls),
        ]
        for row in rows
    ]
    heads = ["tool", "mean us", "median us", "p99 us", "mean / rollbook", "bytes a value", "calls"]
    return "log() of ten values\n" + table(heads, cells)


def comparing_table(rows: Sequence[Comparing]) -> str:
    """Milliseconds, and how often Rollbook's exact answer would fit into them."""
    own = next(row.seconds for row in rows if row.tool == "rollbook" and row.what == EXACT)
    cells = [
        [
            row.tool,
            row.what,
            f"{row.seconds * 1000:.1f}",
            f"{row.seconds / own:.1f}x" if row.what == EXACT else "",
            str(row.heap >> 20),
        ]
        for row in rows
    ]
    return "Nine metrics in 44 groups\n" + table(["tool", "what", "ms", "ms / rollbook", "heap MiB"], cells)


def transfer_table(rows: Sequence[Transfer]) -> str:
    """The tools of each step beside each other."""
    own = {row.step: row.seconds for row in rows if row.tool == "rollbook"}
    cells = [
        [row.tool, row.step, f"{row.seconds:.2f}", f"{row.speed:.0f}", f"{row.seconds / own[row.step]:.1f}x"]
        for row in sorted(rows, key=lambda row: list(own).index(row.step))
    ]
    return "To a server and back\n" + table(["tool", "step", "s", "MiB/s", "s / rollbook"], cells)


def search_table(rows: Sequence[SearchCost]) -> str:
    """Milliseconds of a first page, by tool and kind of query."""
    cells = [
        [row.tool, row.what, f"{row.versions:,}", str(row.hits), f"{row.median:.1f}", f"{row.p95:.1f}"] for row in rows
    ]
    heads = ["tool", "query", "searched", "hits", "median ms", "p95 ms"]
    return "First page of a search, 50 values each\n" + table(heads, cells)


def serving_table(rows: Sequence[Serving]) -> str:
    """What one server bears."""
    cells = [[row.what, row.measure, f"{row.value:,.2f} {row.unit}".strip(), str(row.samples)] for row in rows]
    return "One server on one core\n" + table(["what", "measured", "value", "samples"], cells)


def check_table(checks: Iterable[Check]) -> str:
    """What must be reached."""
    cells = [[check.name, check.value, check.limit, VERDICTS[check.reached]] for check in checks]
    return "What must be reached\n" + table(["", "measured", "must", ""], cells)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    lines = [
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in enumerate(pairs)
        ).rstrip()
        for pairs in (list(zip(row, widths, strict=True)) for row in [heads, *rows])
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def keep(folder: Path, name: str, facts: dict[str, str | int], results: dict[str, list[dict[str, object]]]) -> Path:
    """Write everything as JSON into `folder`, in a file named after the time."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{str(facts['time']).replace(':', '')}.json"
    path.write_text(json.dumps({"machine": facts, **results}, indent=1) + "\n", encoding="utf-8")
    return path


def _storage_rows(rows: Sequence[Outcome], steps: Sequence[str]) -> list[list[str]]:
    return [
        [
            row.tool,
            *(f"{row.seconds[step]:.2f}" if step in row.seconds else "-" for step in steps),
            f"{row.disk / 1e6:.0f}",
            f"{row.disk / row.logical:.1%}",
            str(row.heap >> 20),
        ]
        for row in rows
    ]
