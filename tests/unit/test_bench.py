"""The benchmarks' own parts: workloads, measuring, decisions about targets. The benchmarks themselves do not run."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from bench import report, storage, targets, workloads
from bench.history import LogCost
from bench.measure import Command, CommandFailed, disk_bytes, measure, run
from bench.openloop import Answered
from bench.search import QUERIES, SearchCost, metadata_of
from bench.serving import Serving, recovered
from bench.startup import StartUp
from bench.storage import Outcome
from bench.tools import Copy
from bench.transfer import Transfer
from rollbook.model.query import parse, parse_sort

TINY = 0.0005


def outcome(workload: str, tool: str, disk: int = 1, heap: int = 1, **seconds: float) -> Outcome:
    steps = {step.replace("_", " "): taken for step, taken in seconds.items()}
    return Outcome(workload, tool, steps, dict.fromkeys(steps, 3), heap, disk, 100)


def verdicts(checks: list[targets.Check]) -> dict[str, bool | None]:
    return {check.name: check.reached for check in checks}


def test_workloads_are_the_same_for_the_same_seed_and_change_as_they_say(tmp_path: Path) -> None:
    for name in ("one", "two"):
        workloads.write_checkpoint(tmp_path / f"{name}.bin", scale=TINY)
        workloads.write_log(tmp_path / f"{name}.csv", scale=TINY)
        workloads.write_small_files(tmp_path / name, scale=0.01)
        workloads.write_tensors(tmp_path / f"{name}.safetensors", scale=TINY)
    for suffix in (".bin", ".csv", ".safetensors"):
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
    assert (tmp_path / "one.bin").stat().st_size == int((2 << 30) * TINY)

    workloads.change_small_files(tmp_path / "two", scale=0.01)
    pairs = [
        (file, tmp_path / "two" / file.relative_to(tmp_path / "one")) for file in (tmp_path / "one").rglob("*.bin")
    ]
    assert len(pairs) == 200
    assert sum(one.read_bytes() != two.read_bytes() for one, two in pairs) == 2

    workloads.change_tensors(tmp_path / "two.safetensors", seed=1)
    one, two = ((tmp_path / f"{name}.safetensors").read_bytes() for name in ("one", "two"))
    assert 0.03 < sum(a != b for a, b in zip(one, two, strict=True)) / len(one) <= 0.05


def test_a_grown_log_keeps_every_old_row_in_its_order(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    workloads.write_log(log, scale=0.002)
    old = log.read_text().splitlines()
    workloads.grow_log(log, seed=1)
    new = log.read_text().splitlines()
    left = iter(new)
    assert all(row in left for row in old)
    assert {row.count(",") for row in new} == {6}
    assert 1.015 < len(new) / len(old) < 1.025


def test_measuring_sees_time_memory_and_failure(tmp_path: Path) -> None:
    program = "import time; held = bytearray(64 << 20); time.sleep(0.3)"
    measured = measure(Command([sys.executable, "-c", program], tmp_path))
    assert measured.seconds > 0.3
    assert 64 << 20 < measured.heap < measured.resident
    assert run(Command(["sh", "-c", "echo $WORD"], tmp_path, {"WORD": "said"})) == "said\n"
    with pytest.raises(CommandFailed, match=r"exited with 3:\nbecause"):
        measure(Command(["sh", "-c", "echo because; exit 3"], tmp_path))


def test_disk_counts_a_linked_file_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(1 << 16))
    (tmp_path / "link").hardlink_to(tmp_path / "file")
    assert disk_bytes(tmp_path) == 1 << 16


def test_a_workload_runs_and_checks_what_comes_back(tmp_path: Path) -> None:
    class Forgetful(Copy):
        name = "forgetful"

        def get(self, home: Path, target: Path) -> Command:
            return Command(["sh", "-c", 'echo lost > "$1"', "sh", str(target)], home, result=target)

    workload = storage.Workload("W1", storage.checkpoint_steps, 1)
    (copied,) = storage.run_workload(workload, [Copy()], tmp_path / "work", scale=TINY)
    assert set(copied.seconds) == {"log", "again", "get", "get cold"}
    assert copied.logical == 2 * int((2 << 30) * TINY)
    assert copied.disk >= copied.logical
    assert not (tmp_path / "work").exists()
    with pytest.raises(storage.WrongBytes, match="forgetful"):
        storage.run_workload(workload, [Forgetful()], tmp_path / "work", scale=TINY)


def test_storage_targets_are_ratios_and_shares() -> None:
    outcomes = [
        outcome("W3", "rollbook", disk=5, log=1.0, relog=1.0),
        outcome("W3", "wandb", log=9.0, relog=5.0),
        outcome("W3", "mlflow", log=9.0, relog=4.9),
        outcome("W3", "hf_xet", log=9.0, relog=1.1),
    ]
    assert verdicts(targets.check_storage(outcomes, scale=1.0)) == {
        "W3 relog: wandb / rollbook": True,
        "W3 relog: mlflow / rollbook": False,
        "W3 relog: dvc / rollbook": None,
        "W3 disk / logical": True,
        "W3 relog: hf_xet / rollbook": True,
        "W3 peak memory of our own": True,
    }


def test_limits_in_seconds_are_for_the_full_size() -> None:
    outcomes = [
        outcome("W1", "rollbook", log=1.0, again=0.1, get=1.0, get_cold=1.6, heap=401 << 20),
        outcome("W1", "cp+fsync", log=0.5, again=0.5, get=1.0, get_cold=1.0),
    ]
    small = verdicts(targets.check_storage(outcomes, scale=0.1))
    assert small["W1 again"] is None
    assert small["W1 log: rollbook / cp+fsync"] is True
    assert small["W1 get cold: rollbook / cp+fsync"] is False
    assert small["W1 peak memory of our own"] is False
    assert verdicts(targets.check_storage(outcomes, scale=1.0))["W1 again"] is True


def test_startup_and_log_targets() -> None:
    starts = [StartUp("rollbook", "import", 0.16, 9), StartUp("rollbook", "--help", 0.2, 9)]
    assert list(verdicts(targets.check_startup(starts)).values()) == [False, True]
    costs = [LogCost("rollbook", 12.0, 9.0, 30.0, 100, 8.0), LogCost("wandb", 120.0, 90.0, 300.0, 100, 90.0)]
    assert list(verdicts(targets.check_history(costs)).values()) == [True, True]
    assert "10.0x" in report.history_table(costs)


def test_tables_show_a_dash_where_a_tool_has_no_such_step() -> None:
    shown = report.storage_table([outcome("W1", "rollbook", log=1.0, get=0.5), outcome("W1", "wandb", log=2.0)])
    assert shown.splitlines()[-1].split()[:3] == ["wandb", "2.00", "-"]


def test_transfers_are_judged_by_speed_and_beside_mlflow() -> None:
    steps = ("upload", "upload x8", "download", "upload small", "download small")
    mib = 1 << 20
    rows = [Transfer("rollbook", step, 1.0, 400 * mib, 1) for step in steps]
    rows += [Transfer("mlflow", step, 2.0 if step == "download" else 4.0, 400 * mib, 1) for step in steps]
    found = verdicts(targets.check_transfer(rows, scale=1))
    assert {name for name, reached in found.items() if not reached} == {
        "transfer, download",
        "transfer, download: mlflow / rollbook",
    }
    assert verdicts(targets.check_transfer(rows, scale=0.1))["transfer, download"] is None
    assert "upload small" in report.transfer_table(rows)


def test_search_is_held_to_its_first_pages() -> None:
    rows = [
        SearchCost("rollbook", "one", 100_000, 1, 5.0, 99.0, 60),
        SearchCost("rollbook", "two", 100_000, 1, 5.0, 101.0, 60),
        SearchCost("mlflow", "one", 2_000, 1, 500.0, 900.0, 60),
    ]
    assert list(verdicts(targets.check_search(rows)).values()) == [True, False]
    assert "900.0" in report.search_table(rows)


def test_what_is_searched_has_fifty_values_and_queries_that_can_be_read() -> None:
    values = metadata_of(7, random.Random(0))
    assert sum(len(value) if isinstance(value, dict) else 1 for value in values.values()) == 50
    for query, sort in QUERIES.values():
        parse(query)
        parse_sort(sort)


def test_serving_is_held_to_its_limits() -> None:
    rows = [
        Serving("list", "p95", 0.2, "s", 200),
        Serving("writers", "commits", 49, "/s", 490),
        Serving("flood", "recovered after", 11, "s", 9),
        Serving("capacity", "answered", 100, "/s", 0),
    ]
    found = verdicts(targets.check_serving(rows, scale=1))
    assert found == {"list: p95": True, "writers: commits": False, "flood: recovered after": False}
    assert set(verdicts(targets.check_serving(rows, scale=0.1)).values()) == {None}
    assert "49.00 /s" in report.serving_table(rows)


def test_a_server_has_recovered_when_all_later_seconds_are_good() -> None:
    good = [Answered(second + part / 10, 0.01, 200) for second in range(5) for part in range(10)]
    assert recovered(good) == 0
    shed = [one._replace(status=503) if one.due == 1.5 else one for one in good]
    assert recovered(shed) == 2
    late = [one._replace(seconds=2) if 3 <= one.due < 4 else one for one in good]
    assert recovered(late) == 4
