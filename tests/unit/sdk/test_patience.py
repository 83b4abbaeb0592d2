"""Rows wait in memory while the disk is full, in order, and nothing that was refused stands in the way."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import pytest

from rollbook.model.errors import InvalidInput, StorageFull
from rollbook.sdk.patience import PatientLog


class Disk:
    """A log on a disk that can be full."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, Any]] = []
        self.full = False
        self.closed = False

    def append(self, values: Mapping[str, Any], *, time_us: int, step: int | None = None) -> int:
        assert step is not None
        if "bad" in values:
            raise InvalidInput("bad")
        if self.full:
            raise StorageFull("no room")
        self.rows.append((step, values["x"]))
        return step

    def sync(self) -> None: ...

    def close(self) -> None:
        self.closed = True


def test_rows_wait_in_order_and_are_written_when_there_is_room() -> None:
    disk = Disk()
    log = PatientLog(disk)
    log.append({"x": 0}, time_us=0, step=0)
    disk.full = True
    with pytest.warns(RuntimeWarning, match="wait in memory"):
        assert log.append({"x": 1}, time_us=1, step=1) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it is said once
        log.append({"x": 2}, time_us=2, step=2)
    assert disk.rows == [(0, 0)]
    disk.full = False
    log.append({"x": 3}, time_us=3, step=3)
    assert disk.rows == [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert log.written == 4


def test_a_row_that_can_never_be_logged_is_refused_and_holds_nothing_up() -> None:
    disk = Disk()
    log = PatientLog(disk)
    with pytest.raises(InvalidInput):
        log.append({"bad": 1}, time_us=0, step=0)
    disk.full = True
    with pytest.warns(RuntimeWarning):
        log.append({"x": 1}, time_us=1, step=1)
    log.append({"bad": 1}, time_us=2, step=2)
    log.append({"x": 3}, time_us=3, step=3)
    disk.full = False
    with pytest.raises(InvalidInput):
        log.append({"x": 4}, time_us=4, step=4)
    log.close()
    assert disk.rows == [(1, 1), (3, 3), (4, 4)]
    assert log.written == 3


def test_the_end_says_that_rows_are_lost() -> None:
    disk = Disk()
    disk.full = True
    log = PatientLog(disk)
    with pytest.warns(RuntimeWarning):
        log.append({"x": 1}, time_us=1, step=1)
    with pytest.raises(StorageFull):
        log.close()
    assert disk.closed


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rollbook.sdk.patience.MAX_WAITING", 3)
    disk = Disk()
    disk.full = True
    log = PatientLog(disk)
    with pytest.warns(RuntimeWarning):
        log.append({"x": 1}, time_us=1, step=1)
    log.append({"x": 2}, time_us=2, step=2)
    log.append({"x": 3}, time_us=3, step=3)
    with pytest.raises(StorageFull):
        log.append({"x": 4}, time_us=4, step=4)
