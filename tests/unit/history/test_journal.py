"""The journal keeps what it accepted and says so when it cannot."""

from __future__ import annotations

import math
import os
import resource
import stat
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbook.history import HistoryRow, Journal, JournalHeader, read_header, read_rows
from rollbook.history import flusher as flusher_module
from rollbook.model.errors import (
    AlreadyExists,
    CorruptData,
    InvalidInput,
    NotFound,
    StorageFull,
    Unavailable,
    UnsupportedFormat,
)

HEADER = JournalHeader(run_id="run-1", created_us=1_700_000_000_000_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.journal"


def written(path: Path, *rows: dict[str, Any]) -> Path:
    with Journal.create(path, HEADER) as journal:
        for number, row in enumerate(rows):
            journal.append(row, time_us=number)
    return path


def same(left: object, right: object) -> bool:
    """Equality for which NaN equals NaN and 1 differs from 1.0."""
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(map(same, left.values(), right.values()))
    return type(left) is type(right) and left == right


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=6)
keys = texts.filter(bool)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(keys, values, max_size=5), max_size=8))
def test_what_was_logged_is_read_back(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    path = tmp_path / "history.journal"
    path.unlink(missing_ok=True)
    written(path, *rows)
    assert read_header(path) == HEADER
    back = list(read_rows(path))
    assert [(row.step, row.time_us) for row in back] == [(n, n) for n in range(len(rows))]
    assert all(same(row.values, given_row) for row, given_row in zip(back, rows, strict=True))


def test_scalars_of_other_libraries_become_numbers(path: Path) -> None:
    torch_like = type("Scalar", (), {"ndim": 0, "item": lambda _self: 0.5})()
    written(path, {"a": np.float32(0.5), "b": np.int64(3), "c": np.array(2.0), "d": np.bool_(True), "e": torch_like})
    assert next(read_rows(path)).values == {"a": 0.5, "b": 3, "c": 2.0, "d": True, "e": 0.5}


def _broken_item(_self: object) -> float:
    raise RuntimeError("device lost")


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"a": object()}, "object"),
        ({"a": {1, 2}}, "set"),
        ({"a": b"bytes"}, "bytes"),
        ({"a": 1 + 2j}, "complex"),
        ({"a": 2**63}, "64 bits"),
        ({"a": "\ud800"}, "Unicode"),
        ({"a": {"b": {3: 1}}}, "int"),
        ({3: 1}, "int"),
        ({"": 1}, "key"),
        ({"\ud800": 1}, "key"),
        ({"a": type("Broken", (), {"ndim": 0, "item": _broken_item})()}, "device lost"),
        ({f"k{n}": n for n in range(10_001)}, "10001 values"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_written(path: Path, values: dict[Any, Any], word: str) -> None:
    with Journal.create(path, HEADER) as journal:
        journal.append({"a": 1}, time_us=0)
        size = path.stat().st_size
        with pytest.raises(InvalidInput, match=word):
            journal.append(values, time_us=1)
        assert path.stat().st_size == size
        assert journal.append({"a": 2}, time_us=2) == 1
    assert [row.values for row in read_rows(path)] == [{"a": 1}, {"a": 2}]


def test_steps_never_decrease(path: Path) -> None:
    with Journal.create(path, HEADER) as journal:
        assert journal.last_step == -1
        assert [journal.append({}, time_us=0, step=step) for step in (None, 5, 5, None)] == [0, 5, 5, 6]
        for bad in (5, -1, 2**63, True, 7.0):
            with pytest.raises(InvalidInput, match="step"):
                journal.append({}, time_us=0, step=bad)  # type: ignore[arg-type]
        assert journal.last_step == 6


def test_one_write_per_row(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    write = os.write
    with Journal.create(path, HEADER) as journal:
        monkeypatch.setattr(os, "write", lambda fd, data: calls.append(len(data)) or write(fd, data))
        for _ in range(3):
            journal.append({"loss": 0.5}, time_us=0)
    assert len(calls) == 3
    assert sum(calls) < path.stat().st_size


def test_rows_are_durable_soon_without_a_call(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = threading.Event()
    with Journal.create(path, HEADER) as journal:
        monkeypatch.setattr(flusher_module.os, "fsync", lambda _fd: synced.set())
        time.sleep(0.05)
        assert not synced.is_set(), "nothing was written, so nothing is synchronised"
        journal.append({"a": 1}, time_us=0)
        assert synced.wait(10)
    assert flusher_module.DELAY_SECONDS < 1


def test_a_failed_fsync_is_final(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_fd: int) -> None:
        calls.append(1)
        raise OSError(5, "Input/output error")

    calls: list[int] = []
    journal = Journal.create(path, HEADER)
    journal.append({"a": 1}, time_us=0)
    monkeypatch.setattr(flusher_module.os, "fsync", fail)
    for act in (journal.sync, journal.sync, lambda: journal.append({"a": 2}, time_us=1), journal.close):
        with pytest.raises(Unavailable, match="Input/output"):
            act()
    assert len(calls) == 1
    assert [row.values for row in read_rows(path)] == [{"a": 1}]


def test_a_full_disk_takes_the_row_back_and_logging_goes_on(path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Journal.create(path, HEADER) as journal:
        journal.append({"a": 1}, time_us=0)
        size = path.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, before[1]))
        try:
            for _ in range(2):
                with pytest.raises(StorageFull) as caught:
                    journal.append({"a": "x" * 100}, time_us=1)
                assert path.stat().st_size == size
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert "free space" in caught.value.hint
        assert journal.append({"a": 2}, time_us=2) == 1
    assert [row.values for row in read_rows(path)] == [{"a": 1}, {"a": 2}]


def test_a_refused_write_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_fd: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with Journal.create(path, HEADER) as journal:
        monkeypatch.setattr(os, "write", refuse)
        with pytest.raises(StorageFull, match="No space left"):
            journal.append({"a": 1}, time_us=0)
        monkeypatch.undo()
        journal.append({"a": 2}, time_us=0)
    assert [row.values for row in read_rows(path)] == [{"a": 2}]


def test_threads_may_append_together(path: Path) -> None:
    def log(name: str) -> None:
        for number in range(200):
            journal.append({name: number}, time_us=0)

    with Journal.create(path, HEADER) as journal:
        threads = [threading.Thread(target=log, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    rows = list(read_rows(path))
    assert [row.step for row in rows] == list(range(800))
    for name in "abcd":
        assert [row.values[name] for row in rows if name in row.values] == list(range(200))


def test_going_on_where_a_journal_ends(path: Path) -> None:
    written(path, {"a": 1}, {"a": 2})
    with Journal.open_append(path) as journal:
        assert journal.header == HEADER
        assert journal.append({"a": 3}, time_us=9) == 2
    assert [row.values["a"] for row in read_rows(path)] == [1, 2, 3]


def test_every_torn_end_is_left_out_and_cut_off(path: Path) -> None:
    written(path, {"a": 1}, {"b": "second row"})
    whole = path.read_bytes()
    first_end = whole.index(b'[1,1,{"b"') - 12
    for length in range(first_end, len(whole)):
        for padding in (b"", bytes(3)) if length == first_end else (b"",):
            path.write_bytes(whole[:length] + padding)
            assert [row.values for row in read_rows(path)] == [{"a": 1}]
            with Journal.open_append(path) as journal:
                assert journal.append({"c": 3}, time_us=0) == 1
            assert [row.values for row in read_rows(path)] == [{"a": 1}, {"c": 3}]


@pytest.mark.parametrize("kept", [0, 4, 12, 20])
def test_zeros_that_a_power_cut_left_are_a_torn_end(path: Path, kept: int) -> None:
    written(path, {"a": 1}, {"b": "second row"})
    whole = path.read_bytes()
    first_end = whole.index(b'[1,1,{"b"') - 12
    path.write_bytes(whole[: first_end + kept].ljust(len(whole), b"\0") + (bytes(5000) if kept in (0, 20) else b""))
    if kept == 4:
        with pytest.raises(CorruptData):
            list(read_rows(path))
    else:
        assert [row.values for row in read_rows(path)] == [{"a": 1}]


def test_every_flipped_bit_is_refused(path: Path) -> None:
    """Also in the last row: an accepted row must not vanish as if it had been torn."""
    written(path, {"a": 1}, {"b": math.nan}, {"c": "text"})
    whole = path.read_bytes()
    rows = list(read_rows(path))
    for position in range(len(whole)):
        for bit in (0, 3, 7):
            damaged = bytearray(whole)
            damaged[position] ^= 1 << bit
            path.write_bytes(damaged)
            seen: list[HistoryRow] = []
            with pytest.raises(CorruptData):
                seen.extend(read_rows(path))
            assert all(same(row.values, rows[n].values) for n, row in enumerate(seen))
            with pytest.raises(CorruptData):
                Journal.open_append(path)
            assert path.read_bytes() == damaged


def test_damage_names_its_offset(path: Path) -> None:
    written(path, {"a": 1}, {"b": 2})
    content = bytearray(path.read_bytes())
    offset = content.index(b'[1,1,{"b"')
    content[offset + 6] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptData, match=f"at byte {offset - 12}"):
        list(read_rows(path))


def test_a_frame_of_another_journal_is_refused(path: Path, tmp_path: Path) -> None:
    written(path, {"a": 1})
    with Journal.create(tmp_path / "other", JournalHeader(run_id="run-2", created_us=0)) as other:
        other.append({"a": 2}, time_us=0)
    content = (tmp_path / "other").read_bytes()
    path.write_bytes(path.read_bytes() + content[content.index(b"[0,0,{") - 12 :])
    with pytest.raises(CorruptData):
        list(read_rows(path))


def test_what_is_not_a_journal(path: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_header(path)
    with pytest.raises(NotFound):
        Journal.open_append(path)
    with pytest.raises(NotFound):
        Journal.create(tmp_path / "nowhere" / "journal", HEADER)
    for content in (b"", b"RBJRNL", b"something else entirely"):
        path.write_bytes(content)
        with pytest.raises(CorruptData):
            list(read_rows(path))
    with pytest.raises(CorruptData):
        list(read_rows(tmp_path))
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(CorruptData):
        list(read_rows(fifo))


def test_a_newer_format_is_named(path: Path) -> None:
    from zlib import crc32

    written(path, {"a": 1})
    content = bytearray(path.read_bytes())
    content[6] = 2
    content[16:20] = crc32(content[:16]).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(UnsupportedFormat, match="format 2"):
        list(read_rows(path))


def test_an_existing_file_is_never_replaced(path: Path, tmp_path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(AlreadyExists):
        Journal.create(path, HEADER)
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_is_private(path: Path) -> None:
    written(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_writer_at_a_time(path: Path) -> None:
    with Journal.create(path, HEADER), pytest.raises(Unavailable, match="another process"):
        Journal.open_append(path)
    Journal.open_append(path).close()


def test_a_closed_journal_says_so(path: Path) -> None:
    journal = Journal.create(path, HEADER)
    journal.close()
    journal.close()
    for act in (journal.sync, lambda: journal.append({}, time_us=0)):
        with pytest.raises(InvalidInput, match="closed"):
            act()


def test_a_reader_follows_a_writer(path: Path) -> None:
    with Journal.create(path, HEADER) as journal:
        for number in range(50):
            journal.append({"n": number}, time_us=0)
            assert len(list(read_rows(path))) == number + 1
