"""The history of runs: rows from a journal of this directory, and rows that arrived over a network, in parts.

A part is the rows' payloads (`rollbook.history.rows`), a line each, compressed with zlib, whose checksum is checked
when it is read. A client sends rows with the number of those before them: what is there already is acknowledged and not
kept twice, and a gap is refused.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from heapq import merge
from pathlib import Path
from typing import Any

from rollbook.app import datadir
from rollbook.app.register import Register
from rollbook.catalog import history, runs
from rollbook.catalog.history import PartRow
from rollbook.history import MAX_ROW_BYTES, HistoryRow, Journal, JournalHeader, decode_row, merge_steps, read_rows
from rollbook.model.errors import Conflict, CorruptData, InvalidInput, NotFound
from rollbook.model.facts import RunFacts

MAX_PART = MAX_ROW_BYTES + 1024
"""Most bytes of a part, before it is compressed: any one row fits."""
MAX_ROWS = 20_000
"""Most rows of a part."""
_LEVEL = 1
JOURNAL = "history.journal"


def open_log(register: Register, run: RunFacts) -> Journal:
    """The run's journal, to append to; made where it is not there."""
    register.allow("run.write", run.project, run.id)
    path = journal_path(register, run.id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    datadir.sync_folder(path.parent.parent)
    if path.exists():
        return Journal.open_append(path)
    return Journal.create(path, JournalHeader(run_id=run.id, created_us=register.clock()))


def journal_path(register: Register, run: str) -> Path:
    """Where the journal of the run with this id lies."""
    return register.root / datadir.RUNS / run / JOURNAL


def read(register: Register, run: str, project: str) -> Iterator[dict[str, Any]]:
    """The rows of a run, one per step, with `_step` and `_time` (UTC microseconds of the step's last row).

    Raises:
        NotFound: There is no such run.
        CorruptData: Something of it is damaged; the rows before were given.
    """
    yield from merge_steps(open_rows(register, run, project))


def open_rows(register: Register, run: str, project: str) -> Iterator[HistoryRow]:
    """The rows of a run as they were logged, in the order of steps.

    Raises:
        NotFound: There is no such run.
        CorruptData: Something of it is damaged; the rows before were given.
    """
    register.allow("run.read", project, run)
    with register.catalog.read() as connection:
        found = runs.get(connection, register.project(connection, project), run)
    return rows_of(register, found.key, found.id)


def rows_of(register: Register, key: int, run: str) -> Iterator[HistoryRow]:
    """Every row that was logged, by step: those of the run's journal, and those that were sent."""
    return merge(_journalled(journal_path(register, run)), _sent(register, key), key=lambda row: row.step)


def _journalled(path: Path) -> Iterator[HistoryRow]:
    try:
        yield from read_rows(path)
    except NotFound:
        return


def _sent(register: Register, key: int) -> Iterator[HistoryRow]:
    """Rows that were sent, some parts at a time, each time in a short transaction of its own."""
    expected = 0
    while True:
        with register.catalog.read() as connection:
            parts = history.next_parts(connection, key, expected)
        if not parts:
            return
        for part in parts:
            yield from _unpack(part, expected)
            expected = part.first_row + part.rows


def _unpack(part: PartRow, expected: int) -> list[HistoryRow]:
    try:
        rows = [decode_row(line) for line in zlib.decompress(part.content).split(b"\n")]
    except (ValueError, zlib.error) as error:
        raise CorruptData(f"history rows from {part.first_row} on do not decode", hint=_RESTORE) from error
    if part.first_row != expected or len(rows) != part.rows:
        raise CorruptData(f"history rows from {expected} on are not there", hint=_RESTORE)
    return rows


_RESTORE = "restore the catalog from a backup"


def extent(register: Register, run: str, project: str) -> int:
    """How many rows of a run were sent and are durable."""
    register.allow("run.write", project, run)
    with register.catalog.read() as connection:
        return history.extent(connection, runs.get(connection, register.project(connection, project), run).key).rows


def append(register: Register, run: str, project: str, first_row: int, content: bytes) -> int:
    """Keep rows that were sent; rows that are there already are left as they are.

    Args:
        register: The register.
        run: The run.
        project: Full name of its project.
        first_row: How many rows the run logged before these.
        content: The rows' payloads (`[step, time_us, {name: value}]`), a line each.

    Returns:
        How many rows are durable now.

    Raises:
        Conflict: Rows between those that are there and these are missing.
        InvalidInput: Something is not a row, or steps go back; nothing was kept.
    """
    register.allow("run.write", project, run)
    lines = _lines(content)
    with register.catalog.write() as connection:
        found = runs.get(connection, register.project(connection, project), run)
        history.lock_run(connection, found)
        kept = history.extent(connection, found.key)
        if first_row > kept.rows:
            raise Conflict(
                f"run {found.short!r} has {kept.rows} rows, these begin at {first_row}", hint=f"send from {kept.rows}"
            )
        new = lines[kept.rows - first_row :]
        if not new:
            return kept.rows
        last_step = _checked(new, kept.rows, kept.last_step)
        packed = zlib.compress(b"\n".join(new), _LEVEL)
        part = PartRow(first_row=kept.rows, rows=len(new), last_step=last_step, content=packed)
        at = register.clock()
        history.extend(connection, found, part, at)
        runs.heartbeat(connection, found.key, at)
        return kept.rows + len(new)


def _lines(content: bytes) -> list[bytes]:
    lines = content.removesuffix(b"\n").split(b"\n") if content else []
    if len(content) > MAX_PART or len(lines) > MAX_ROWS:
        raise InvalidInput(
            f"{len(lines):,} rows of {len(content):,} bytes at once",
            hint=f"send at most {MAX_ROWS:,} rows and {MAX_PART:,} bytes at a time",
        )
    return lines


def _checked(lines: list[bytes], first_row: int, step: int) -> int:
    """The step of the last of these rows.

    Raises:
        InvalidInput: One of them is no row, or its step is behind the one before.
    """
    for number, line in enumerate(lines, first_row):
        try:
            row = decode_row(line)
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"row {number} is not a history row: {error}", hint=_SPELLED) from error
        if not max(step, 0) <= row.step < 2**63 or not 0 <= row.time_us < 2**63:
            raise InvalidInput(f"row {number} has step {row.step} after {step}", hint="steps never decrease")
        step = row.step
    return step


_SPELLED = '[step, microseconds since 1970, {"name": value}], a line each'
