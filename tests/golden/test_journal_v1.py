"""A journal written by the first release, opened for ever."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

from rollbook.history import Journal, JournalHeader, read_header, read_rows

SAMPLE = Path(__file__).parent / "journal-v1.journal"
HEADER = JournalHeader(run_id="01997f5e-0000-7000-8000-000000000001", created_us=1_764_000_000_000_000)
ROWS: list[dict[str, object]] = [
    {"loss": 0.1, "epoch": 1},
    {"loss": math.nan, "best": math.inf, "worst": -math.inf},
    {"note": "Zoë", "flag": True, "none": None, "list": [1, 2.0, {"a": "b"}]},
    {},
]
STEPS = [0, 1, 5, 5]


def write_sample(path: Path) -> None:
    """How the sample was written."""
    with Journal.create(path, HEADER) as journal:
        for number, (step, row) in enumerate(zip(STEPS, ROWS, strict=True)):
            journal.append(row, time_us=HEADER.created_us + number, step=step)


def test_the_sample_is_read() -> None:
    assert read_header(SAMPLE) == HEADER
    rows = list(read_rows(SAMPLE))
    assert [row.step for row in rows] == STEPS
    assert [row.time_us for row in rows] == [HEADER.created_us + n for n in range(4)]
    assert repr([row.values for row in rows]) == repr(ROWS)


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    write_sample(tmp_path / "journal")
    assert (tmp_path / "journal").read_bytes() == SAMPLE.read_bytes()


def test_the_sample_can_be_gone_on_with(tmp_path: Path) -> None:
    path = Path(shutil.copy(SAMPLE, tmp_path / "journal"))
    with Journal.open_append(path) as journal:
        assert journal.append({"more": 1}, time_us=0) == 6
    assert len(list(read_rows(path))) == 5
