"""A killed, forked or crowded writer loses nothing that it was told is accepted."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rollbook.history import Journal, JournalHeader, read_rows
from rollbook.model.errors import InvalidInput

pytestmark = pytest.mark.faults

WRITER = """
import sys
from pathlib import Path
from rollbook.history import Journal, JournalHeader

path = Path(sys.argv[1])
journal = Journal.open_append(path) if path.exists() else Journal.create(path, JournalHeader(run_id="r", created_us=0))
out = sys.stdout.buffer
while True:
    step = journal.append({"loss": 0.5, "text": "x" * (journal.last_step % 5000)}, time_us=0)
    out.write(step.to_bytes(8, "little"))
    out.flush()
"""


def _killed_after(path: Path, seconds: float) -> int:
    """Run the writer, kill it after a while, return the last step it said was accepted."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        first = writer.stdout.read(8)
        time.sleep(seconds)
        os.kill(writer.pid, signal.SIGKILL)
        rest = writer.stdout.read()
    told = first + rest
    return int.from_bytes(told[len(told) // 8 * 8 - 8 : len(told) // 8 * 8], "little")


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.timeout(600)
def test_kill_nine(tmp_path: Path, kills: int) -> None:
    path = tmp_path / "journal"
    chance = random.Random(7)
    for _ in range(kills):
        accepted = _killed_after(path, chance.uniform(0, 0.02))
        steps = [row.step for row in read_rows(path)]
        assert steps == list(range(len(steps)))
        assert steps[-1] >= accepted
    assert all(len(str(row.values["text"])) == (row.step - 1) % 5000 for row in read_rows(path) if row.step)


def test_a_forked_child_does_no_harm(tmp_path: Path) -> None:
    """The child refuses to log, its end leaves the parent's file and lock alone."""
    path = tmp_path / "journal"
    with Journal.create(path, JournalHeader(run_id="r", created_us=0)) as journal:
        journal.append({"who": "parent"}, time_us=0)
        child = os.fork()
        if child == 0:
            verdict = 1
            try:
                journal.append({"who": "child"}, time_us=0)
            except InvalidInput as error:
                verdict = 0 if "parent" in str(error) else 2
            finally:
                journal.close()
                os._exit(verdict)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        journal.append({"who": "parent"}, time_us=1)
        journal.sync()
    assert [row.values for row in read_rows(path)] == [{"who": "parent"}] * 2


def test_an_interrupted_row_does_not_harm_the_next(tmp_path: Path) -> None:
    """Ctrl-C at any moment of `append`: the rows that were accepted stay, the file stays whole."""
    program = """
import signal, sys
from pathlib import Path
from rollbook.history import Journal, JournalHeader
journal = Journal.create(Path(sys.argv[1]), JournalHeader(run_id="r", created_us=0))
inside = False
def interrupt(*_):
    global inside
    if inside:
        inside = False
        raise KeyboardInterrupt
signal.signal(signal.SIGALRM, interrupt)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
accepted = interrupts = 0
while interrupts < 300:
    try:
        inside = True
        journal.append({"a": 1, "b": 2.5}, time_us=0)
        inside = False
        accepted += 1
    except KeyboardInterrupt:
        interrupts += 1
signal.setitimer(signal.ITIMER_REAL, 0)
signal.signal(signal.SIGALRM, signal.SIG_IGN)
journal.close()
print(accepted)
"""
    path = tmp_path / "journal"
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= len(list(read_rows(path))) <= int(done.stdout) + 300
