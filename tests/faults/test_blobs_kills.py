"""kill -9 at every step of a put: nothing acknowledged is lost, nothing half-written is ever visible.

Two sweeps. One kills before the n-th call of any function that changes the disk, counted over all threads. The other
lets `strace` kill at the n-th system call of each kind; it counts per thread, and also sees calls that Python makes
on its own.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from rollbook.blobs import Blobs, LocalStore
from rollbook.model.digest import Digest

pytestmark = pytest.mark.faults

NEW = [b"a new small file", random.Random(8).randbytes(300_000), b"student,grade\n" * 9000]
OLD = [random.Random(seed).randbytes(400) for seed in range(17)]
CALLS = ["openat", "write", "writev", "fsync", "link", "linkat", "unlink", "unlinkat", "mkdir"]
CALLS += ["close", "preadv", "fstat", "newfstatat", "getdents64", "futex"]

VICTIM = """
import os, random, signal, sys
from pathlib import Path
from rollbook.blobs import Blobs, LocalStore

sys.path.insert(0, sys.argv[1])
from test_blobs_kills import NEW

CHANGES = ("open", "writev", "fsync", "link", "unlink", "mkdir", "close", "preadv")


def kill_before(nth):
    count = 0
    def wrap(call):
        def counted(*arguments, **options):
            nonlocal count
            count += 1
            if count == nth:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)
        return counted
    for name in CHANGES:
        setattr(os, name, wrap(getattr(os, name)))


def put(root, nth):
    acknowledge = os.write
    if nth == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        kill_before(nth)
    with Blobs(LocalStore(Path(root))).writer() as writer:
        for data in NEW:
            writer.add_bytes(data)
        writer.commit()
        acknowledge(1, b"acknowledged ")


for line in sys.stdin:
    root, nth = line.rsplit(" ", 1)
    child = os.fork()
    if child == 0:
        put(root, int(nth))
        os._exit(0)
    os.write(1, b"%d\\n" % child)
    _, status = os.waitpid(child, os.WUNTRACED)
    while os.WIFSTOPPED(status):
        os.write(1, b"stopped\\n")
        _, status = os.waitpid(child, os.WUNTRACED)
    os.write(1, b"killed\\n" if os.WIFSIGNALED(status) else b"exit %d\\n" % os.waitstatus_to_exitcode(status))
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    """A store with a merged table and eight loose packs, so that the next commit merges again."""
    root = tmp_path_factory.mktemp("base") / "store"
    for data in OLD:
        with Blobs(LocalStore(root)).writer() as writer:
            writer.add_bytes(data)
            writer.commit()
    assert len(list(root.glob("index/*"))) == 1
    return root


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", VICTIM, str(Path(__file__).parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def ask(victim: subprocess.Popen[str], root: Path, nth: int) -> int:
    """Start one put and return the process id of its child."""
    assert victim.stdin is not None
    assert victim.stdout is not None
    victim.stdin.write(f"{root} {nth}\n")
    return int(victim.stdout.readline())


def answer(victim: subprocess.Popen[str]) -> str:
    assert victim.stdout is not None
    return victim.stdout.readline().strip()


def check(root: Path, *, acknowledged: bool) -> str:
    """What a reader finds after the kill; the state in a word."""
    reader = Blobs.open_local(root)
    digests = [Digest.of_raw("blake3", blake3(data).digest()) for data in NEW]
    found = [reader.has(digest) for digest in digests]
    assert all(found) or not acknowledged
    for data, digest, there in zip(NEW, digests, found, strict=True):
        assert not there or reader.read(digest) == data
    for data in OLD:
        assert reader.read(Digest.of_raw("blake3", blake3(data).digest())) == data
    assert list(reader.verify()) == []
    with Blobs.open_local(root).writer() as writer:
        assert [writer.add_bytes(data).digest for data in NEW] == digests
        writer.commit()
    again = Blobs.open_local(root)
    assert [again.read(digest) for digest in digests] == NEW
    assert list(again.verify()) == []
    return "acknowledged" if acknowledged else "visible" if all(found) else "invisible"


def fresh(base: Path, tmp_path: Path) -> Path:
    root = tmp_path / "store"
    shutil.rmtree(root, ignore_errors=True)
    return Path(shutil.copytree(base, root))


def sweep_steps(base: Path, tmp_path: Path, victim: subprocess.Popen[str], stride: int) -> Counter[str]:
    states: Counter[str] = Counter()
    nth = 1
    while True:
        root = fresh(base, tmp_path)
        ask(victim, root, nth)
        end = answer(victim)
        states[check(root, acknowledged="acknowledged" in end)] += 1
        if end.endswith("exit 0"):
            return states
        assert end.endswith("killed")
        nth += stride


@pytest.mark.parametrize("stride", [4, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.timeout(900)
def test_kill_at_every_step(base, tmp_path, victim, stride: int):
    states = sweep_steps(base, tmp_path, victim, stride)
    assert states.total() > 60 // stride
    assert states["invisible"] > 0
    assert states["visible"] > 0
    assert states["acknowledged"] > 0


def strace_point(base: Path, tmp_path: Path, victim: subprocess.Popen[str], call: str, nth: int) -> str:
    """Kill at the n-th system call of a kind; `exit 0` when the put never made so many."""
    root = fresh(base, tmp_path)
    child = ask(victim, root, 0)
    assert answer(victim) == "stopped"
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(child), "-e", f"trace={call}"]
    with subprocess.Popen([*command, "-e", f"inject={call}:signal=SIGKILL:when={nth}"]) as tracer:
        while "TracerPid:\t0" in Path(f"/proc/{child}/status").read_text():
            assert tracer.poll() is None
        subprocess.run(["kill", "-CONT", str(child)], check=True)
        end = answer(victim)
        while end == "stopped":
            end = answer(victim)
    check(root, acknowledged="acknowledged" in end)
    return end


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("stride", [9, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.timeout(1800)
def test_kill_at_every_system_call(base, tmp_path, victim, stride: int):
    points = 0
    for call in CALLS:
        nth = 1
        while strace_point(base, tmp_path, victim, call, nth).endswith("killed"):
            points += 1
            nth += stride
    assert points >= 20
