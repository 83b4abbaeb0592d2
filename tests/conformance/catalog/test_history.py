from __future__ import annotations

import pytest

from rollbook.catalog import history, runs
from rollbook.catalog.history import Extent, PartRow
from rollbook.catalog.runs import RunValues


@pytest.fixture
def run(connection, project, act):
    return runs.create(connection, project, RunValues(id="run-1", short="r1", name="one"), act)


def part(first_row: int, rows: int) -> PartRow:
    return PartRow(first_row=first_row, rows=rows, last_step=10 * (first_row + rows), content=b"\x00\xff")


def test_a_run_without_rows_has_no_extent(connection, run):
    assert history.extent(connection, run.key) == Extent(0, -1)
    assert history.next_parts(connection, run.key, 0) == ()


def test_parts_come_in_order_and_tell_how_far_they_go(connection, run):
    for first_row in (0, 3, 6):
        history.lock_run(connection, run)
        history.extend(connection, run, part(first_row, 3), at=1)
    assert history.extent(connection, run.key) == Extent(9, 90)
    assert history.next_parts(connection, run.key, 0) == (part(0, 3), part(3, 3), part(6, 3))
    assert history.next_parts(connection, run.key, 4) == (part(6, 3),)


def test_many_parts_come_some_at_a_time(connection, run):
    for first_row in range(120):
        history.extend(connection, run, part(first_row, 1), at=1)
    seen: list[int] = []
    while found := history.next_parts(connection, run.key, len(seen)):
        seen += [item.first_row for item in found]
    assert seen == list(range(120))
