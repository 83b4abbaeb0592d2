"""kill -9 while a run logs, uses, aliases and ends: what was acknowledged stays, what was not is whole or absent.

A program forks one child per kill, so that the libraries are loaded once. `strace` kills the child at the n-th system
call of a kind; it counts per thread and sees the calls of SQLite, too.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import rollbook
from rollbook.model.errors import NotFound

pytestmark = pytest.mark.faults

WRITES = ["pwrite64", "write", "writev", "fsync", "fdatasync", "ftruncate", "link", "unlink", "mkdir"]
OTHERS = ["openat", "fcntl", "pread64", "close", "newfstatat", "futex", "mmap"]

VICTIM = """
import os, signal, sys
from pathlib import Path
import rollbook, rollbook.sdk.embedded, rollbook.sdk.run

def acknowledge(text):
    os.write(1, (text + " ").encode())

def once(root):
    os.kill(os.getpid(), signal.SIGSTOP)
    run = rollbook.init("math", data_dir=root, save_code=False)
    acknowledge(f"run:{run.id}")
    run.use_artifact("m:v0")
    run.log({"loss": 0.5})
    acknowledge("row")
    version = run.log_artifact(root.parent / "new", name="m", type="model", aliases=["champion"], tags=["tried"])
    acknowledge("version")
    rollbook.Api(root, "math").promote("m:v1", "production", reason="better")
    acknowledge("promoted")
    run.finish()
    acknowledge("finished")

def for_ever(root):
    run = rollbook.init("math", data_dir=root, save_code=False)
    for number in range(100_000):
        run.log({"number": number})
        acknowledge(f"row:{run.id}:{number}")
        draft = rollbook.Artifact("m", "model", {"number": number, "run": run.id})
        with draft.new_file("data.bin", "wb") as stream:
            stream.write(bytes([number % 251]) * (number % 7 * 20_000) + run.id.encode())
        acknowledge(f"version:{run.log_artifact(draft).digest}")

for line in sys.stdin:
    kind, _, root = line.strip().partition(" ")
    child = os.fork()
    if child == 0:
        {"once": once, "for_ever": for_ever}[kind](Path(root))
        os._exit(0)
    os.write(1, b"%d\\n" % child)
    _, status = os.waitpid(child, os.WUNTRACED)
    while os.WIFSTOPPED(status):
        os.write(1, b"stopped\\n")
        _, status = os.waitpid(child, os.WUNTRACED)
    os.write(1, b"killed\\n" if os.WIFSIGNALED(status) else b"exit %d\\n" % os.waitstatus_to_exitcode(status))
"""


class Victim:
    """The program that forks children to be killed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, kind: str, root: Path) -> int:
        """Start a child; its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{kind} {root}\n")
        return int(self.line())

    def line(self) -> str:
        """What was acknowledged, and how the child stopped or ended."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def until(self, word: str) -> str:
        """What was acknowledged up to the first such word."""
        assert self._process.stdout is not None
        told = ""
        while not told.endswith(word):
            told += self._process.stdout.read(1)
        return told


@pytest.fixture
def victim() -> Iterator[Victim]:
    command = [sys.executable, "-c", VICTIM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        yield Victim(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register with one version that is champion, and beside it the folder that will become the next."""
    folder = tmp_path_factory.mktemp("base")
    (folder / "new").mkdir()
    (folder / "new" / "weights.bin").write_bytes(random.Random(1).randbytes(300_000))
    (folder / "new" / "model.json").write_text('{"lr": 0.1}')
    (folder / "old.json").write_text("{}")
    with rollbook.init("math", data_dir=folder / "register", save_code=False) as run:
        run.log_artifact(folder / "old.json", name="m", type="model", aliases=["champion"])
    return folder


def fresh(base: Path, tmp_path: Path) -> Path:
    shutil.rmtree(tmp_path / "copy", ignore_errors=True)
    return Path(shutil.copytree(base, tmp_path / "copy")) / "register"


def check(root: Path, told: str) -> str:
    """What a reader finds after the kill, against what the writer was told; the state in a word."""
    register = rollbook.Api(root, "math")
    outcome = register.verify()
    assert outcome.faults == (), told
    numbers = [version.facts.number for version in register.artifacts("m")]
    assert numbers in ([0], [1, 0])
    visible = numbers == [1, 0]
    assert visible or "version" not in told
    # The version, its alias and its tag appear together.
    assert register.artifact("m:champion").version == register.artifact("m:latest").version == f"v{numbers[0]}"
    if visible:
        check_new(register, root, told)
    for word in told.split():
        if word.startswith("run:"):
            check_run(register, word.removeprefix("run:"), told)
    return retried(root, told, visible=visible)


def check_new(register: rollbook.Api, root: Path, told: str) -> None:
    version = register.artifact("m:v1")
    for path in (root.parent / "new").iterdir():
        assert version.get(path.name) == path.read_bytes()
    assert version.tags == ("tried",)
    assert len(version.provenance()) == 1
    moves = [(move.from_number, move.to_number) for move in register.alias_history("m", "champion")]
    assert moves == [(None, 0), (0, 1)]
    try:
        assert register.artifact("m:production").version == "v1"
    except NotFound:
        assert "promoted" not in told


def check_run(register: rollbook.Api, short: str, told: str) -> None:
    known = register.run(short)
    assert known.state == "finished" or "finished" not in told
    rows = [row["loss"] for row in register.history(short)]
    assert rows == [0.5] or (rows == [] and "row" not in told)


def retried(root: Path, told: str, *, visible: bool) -> str:
    """The same again succeeds, and makes the same version."""
    with rollbook.init("math", data_dir=root, save_code=False) as run:
        version = run.log_artifact(root.parent / "new", name="m", type="model", aliases=["champion"], tags=["tried"])
    assert version.name == "m:v1"
    register = rollbook.Api(root, "math")
    assert [found.facts.number for found in register.artifacts("m")] == [1, 0]
    assert register.verify().faults == ()
    return "acknowledged" if "version" in told else "visible" if visible else "invisible"


def strace_point(base: Path, tmp_path: Path, victim: Victim, call: str, nth: int) -> tuple[str, str]:
    """Kill at the n-th system call of a kind: how the child ended, and the state that was found."""
    root = fresh(base, tmp_path)
    child = victim.start("once", root)
    assert victim.line() == "stopped"
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(child), "-e", f"trace={call}"]
    with subprocess.Popen([*command, "-e", f"inject={call}:signal=SIGKILL:when={nth}"]) as tracer:
        while "TracerPid:\t0" in Path(f"/proc/{child}/status").read_text():
            assert tracer.poll() is None
            time.sleep(0.001)
        os.kill(child, signal.SIGCONT)
        end = victim.line()
        while end == "stopped":
            end = victim.line()
    return end, check(root, end)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize(("stride", "least"), [(13, 40), pytest.param(1, 500, marks=pytest.mark.slow)])
@pytest.mark.timeout(7200)
def test_kill_at_every_system_call(base: Path, tmp_path: Path, victim: Victim, stride: int, least: int) -> None:
    states: Counter[str] = Counter()
    for call in [*WRITES, *OTHERS]:
        nth = 1
        while True:
            end, state = strace_point(base, tmp_path, victim, call, nth)
            states[state] += 1
            if not end.endswith("killed"):
                assert "finished" in end
                break
            nth += stride if call in WRITES else stride * 8
    assert states.total() >= least
    assert states["invisible"] > 0
    assert states["acknowledged"] > 0


def check_all(root: Path, told: list[str]) -> int:
    """Every version and row that any writer was told of is there, whole; numbers are dense."""
    register = rollbook.Api(root, "math")
    assert register.verify().faults == ()
    versions = register.artifacts("m")
    assert [version.facts.number for version in versions] == list(range(len(versions)))[::-1]
    digests = {str(version.digest) for version in versions}
    lost = [word for word in told if word.startswith("version:") and word.removeprefix("version:") not in digests]
    assert lost == []
    last: dict[str, int] = {}
    for word in told:
        if word.startswith("row:"):
            _, run, number = word.split(":")
            last[run] = max(last.get(run, 0), int(number))
    for run, number in last.items():
        rows = [row["number"] for row in register.history(run)]
        assert rows == list(range(len(rows)))
        assert len(rows) > number
    return len(versions)


@pytest.mark.parametrize("kills", [10, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.timeout(3600)
def test_kill_at_random_instants(base: Path, tmp_path: Path, victim: Victim, kills: int) -> None:
    """One register outlives many writers."""
    root = fresh(base, tmp_path)
    chance = random.Random(11)
    told: list[str] = []
    seen = 1
    for _ in range(kills):
        child = victim.start("for_ever", root)
        begun = victim.until("version:")
        time.sleep(chance.uniform(0, 0.4))
        os.kill(child, signal.SIGKILL)
        words = (begun + victim.line()).split()
        assert words[-1] == "killed"
        told.extend(words[:-1])
        now = check_all(root, told)
        assert now >= seen
        seen = now
    assert seen > kills
