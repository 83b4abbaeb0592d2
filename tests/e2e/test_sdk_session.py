"""One process, its threads, its forks and its end: every accepted row is kept and the run says how it ended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rollbook
from rollbook.cli.main import execute
from rollbook.model.errors import InvalidInput
from tests.e2e.conftest import told

pytestmark = pytest.mark.usefixtures("transport")

HEAD = """
import os, sys, threading, time
import rollbook
run = rollbook.init(project="math", save_code=False)
rollbook.log({"first": 1})
"""


def after(program: str, folder: Path, code: int = 0) -> tuple[rollbook.Api, str]:
    """Run a program that opened a run; the register, and the run's short id."""
    environment = {
        "PYTHONPATH": str(Path(rollbook.__file__).parents[1]),
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        **told(),
    }
    command = [sys.executable, "-c", HEAD + program]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == code, done.stderr
    register = rollbook.Api(None if "ROLLBOOK_SERVER" in os.environ else folder / "rollbook-data", "math")
    return register, register.runs()[-1].short


@pytest.mark.parametrize(
    ("program", "code", "state"),
    [
        ("", 0, "finished"),
        ("rollbook.finish()", 0, "finished"),
        ("sys.exit()", 0, "finished"),
        ("sys.exit(0)", 0, "finished"),
        ("with run: sys.exit(0)", 0, "finished"),
        ("sys.exit(3)", 3, "failed"),
        ("sys.exit('no data')", 1, "failed"),
        ("with run: sys.exit(3)", 3, "failed"),
        ("raise ValueError", 1, "failed"),
        ("with run: raise ValueError", 1, "failed"),
        ("raise KeyboardInterrupt", -2, "failed"),
        ("run.finish(exit_code=7)", 0, "failed"),
    ],
)
def test_how_a_process_ends_is_how_its_run_ends(tmp_path: Path, program: str, code: int, state: str) -> None:
    register, short = after(program, tmp_path, code)
    assert register.run(short).state == state
    assert [row["first"] for row in register.history(short)] == [1]


def test_the_end_of_a_forked_child_is_not_the_end_of_the_run(tmp_path: Path) -> None:
    program = """
if os.fork() == 0:
    sys.exit(1)
os.wait()
assert rollbook.Api(project="math").run(run.id).state == "running"
run.log({"second": 2})
"""
    register, short = after(program, tmp_path)
    assert register.run(short).state == "finished"
    assert len(list(register.history(short))) == 2


def test_threads_that_log_at_once_lose_no_row(tmp_path: Path) -> None:
    program = """
def work(who):
    for number in range(300):
        run.log({f"thread{who}": number})
threads = [threading.Thread(target=work, args=(who,)) for who in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    register, short = after(program, tmp_path)
    rows = list(register.history(short))
    assert [row["_step"] for row in rows] == list(range(1201))
    for who in range(4):
        assert [row[f"thread{who}"] for row in rows if f"thread{who}" in row] == list(range(300))


def test_a_killed_process_leaves_its_rows_and_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    register, short = after("os.kill(os.getpid(), 9)", tmp_path, code=-9)
    if transport == "remote":
        monkeypatch.setenv("HOME", str(tmp_path))
        assert execute(["sync"]) == 0
    assert register.run(short).state == "running"  # and `crashed` once it has been silent for long enough
    assert [row["first"] for row in register.history(short)] == [1]


def test_the_newest_open_run_is_the_current_one(tmp_path: Path) -> None:
    program = """
other = rollbook.init(project="math", save_code=False)
assert rollbook.run is other
rollbook.log({"other": 1})
other.finish()
assert rollbook.run is run
rollbook.log({"second": 2})
"""
    register, short = after(program, tmp_path)
    assert [sorted(set(row) - {"_step", "_time"}) for row in register.history(short)] == [["first"], ["second"]]


def test_without_a_run_the_hint_says_what_to_call() -> None:
    with pytest.raises(InvalidInput, match="no run is open") as caught:
        rollbook.log({"x": 1})
    assert "rollbook.init()" in caught.value.hint
