"""Processes log, delete and collect at once: whoever was told that a version stands can read it, byte by byte."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import rollbook
from rollbook.app import collect as collecting
from rollbook.app import datadir, deletion
from rollbook.app.register import Register
from rollbook.model.errors import Conflict, NotFound
from rollbook.model.space import DAY, EAGER

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

OLD = 31 * DAY
PARTS = [random.Random(number).randbytes(60_000) for number in range(6)]


def content(number: int) -> bytes:
    """A few contents that come again and again, most of them made of the same parts."""
    chance = random.Random(number)
    return b"".join(chance.sample(PARTS, 3))


def opened(root: Path, ahead: int = 0) -> Register:
    """The register, with a clock that may be ahead: what is deleted by another is then old already."""
    return datadir.open_directory(
        root,
        user="user:ana",
        clock=lambda: time.time_ns() // 1000 + ahead,
        random=os.urandom,
    )


def write(root: Path, seed: int, seconds: float) -> None:
    chance = random.Random(seed)
    until = time.monotonic() + seconds
    folder = root.parent / f"work-{seed}"
    folder.mkdir()
    while time.monotonic() < until:
        with rollbook.init("p", data_dir=root, save_code=False) as run:
            for _ in range(4):
                (folder / "a.bin").write_bytes(content(chance.randrange(6)))
                (folder / "b.bin").write_bytes(b"%d" % chance.randrange(10))
                version = run.log_artifact(folder, name=f"c{chance.randrange(3)}", type="dataset")
                sys.stdout.write(f"{version.name} ")
                sys.stdout.flush()


def delete(root: Path, seed: int, seconds: float) -> None:
    """Delete as long ago, so that it may be collected at once."""
    chance = random.Random(seed)
    until = time.monotonic() + seconds
    register = opened(root, -OLD)
    while time.monotonic() < until:
        try:
            deletion.delete(register, f"c{chance.randrange(3)}:v{chance.randrange(40)}", "p")
        except (NotFound, Conflict):
            time.sleep(0.001)


def sweep(root: Path, seed: int, seconds: float) -> None:
    del seed
    until = time.monotonic() + seconds
    removed = 0
    register = opened(root)
    while time.monotonic() < until:
        try:
            removed += collecting.collect(register, EAGER).removed
        except Conflict:
            continue
    sys.stdout.write(f"removed:{removed} ")


def in_processes(jobs: list[tuple[Callable[[Path, int, float], None], int]], root: Path, seconds: float) -> list[str]:
    """Run jobs at once, each in a process of its own; what they wrote. One that raises fails the test."""
    program = (
        "import importlib.util as u, sys; from pathlib import Path; s = u.spec_from_file_location('t', sys.argv[1]); "
        "t = u.module_from_spec(s); s.loader.exec_module(t); "
        "getattr(t, sys.argv[2])(Path(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, __file__, job.__name__, str(root), str(seed), str(seconds)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for job, seed in jobs
    ]
    ended = [process.communicate(timeout=600) for process in started]
    assert [process.returncode for process in started] == [0] * len(started), "\n".join(error for _, error in ended)
    return [told for told, _ in ended]


@pytest.mark.parametrize("seconds", [8, pytest.param(120, marks=pytest.mark.slow)])
def test_writers_who_log_what_is_being_collected(tmp_path: Path, seconds: int) -> None:
    root = tmp_path / "register"
    rollbook.Api(root, "p", create=True).transport.close()
    jobs = [(write, 1), (write, 2), (write, 3), (delete, 4), (sweep, 5), (sweep, 6)]
    told = in_processes(jobs, root, seconds)
    assert sum(int(text.split(":")[1]) for text in told[4:]) > 0, "nothing was collected: this tests nothing"
    assert sum(len(text.split()) for text in told[:3]) > 10
    register = rollbook.Api(root, "p")
    assert register.verify().faults == ()
    contents = {content(number) for number in range(6)}
    for collection in ("c0", "c1", "c2"):
        for version in register.artifacts(collection):
            assert version.get("a.bin") in contents


VICTIM = """
import os, sys
sys.path.insert(0, "")
import importlib.util as u
from pathlib import Path
s = u.spec_from_file_location('t', sys.argv[1]); t = u.module_from_spec(s); s.loader.exec_module(t)
register = t.opened(Path(sys.argv[2]))
def step(name):
    os.write(1, (name + " ").encode())
    if os.environ.get("DIE_AT") == name:
        os.kill(os.getpid(), 9)
t.collecting.collect(register, t.EAGER, step=step)
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register with packs to remove and packs to rewrite."""
    root = tmp_path_factory.mktemp("base") / "register"
    work = root.parent / "work"
    work.mkdir()
    with rollbook.init("p", data_dir=root, save_code=False) as run:
        for number in range(4):
            (work / "a.bin").write_bytes(content(number))
            (work / "b.bin").write_bytes(random.Random(100 + number).randbytes(400_000))
            run.log_artifact(work, name="c0", type="dataset")
        (work / "b.bin").unlink()
        for number in range(4):
            (work / "a.bin").write_bytes(content(number))
            run.log_artifact(work, name="c1", type="dataset")
            (work / "a.bin").write_bytes(random.Random(200 + number).randbytes(90_000))
            run.log_artifact(work, name="c2", type="dataset")
    register = opened(root, -OLD)
    for name in ("c0:v0", "c0:v1", "c0:v2", "c2:v0", "c2:v1", "c2:v2", "c2:v3"):
        deletion.delete(register, name, "p")
    return root


def killed(root: Path, *, at: str = "", strace: tuple[str, int] | None = None) -> tuple[bool, str]:
    """Collect in a process that dies; whether it did, and the steps that it did before."""
    command = [sys.executable, "-c", VICTIM, __file__, str(root)]
    if strace is not None:
        call, nth = strace
        trace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
        command = [*trace, "-e", f"inject={call}:signal=SIGKILL:when={nth}", *command]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"DIE_AT": at}, timeout=120
    )
    assert done.returncode in (0, -signal.SIGKILL, 128 + signal.SIGKILL), done.stderr
    return done.returncode != 0, done.stdout


def check(root: Path) -> None:
    """Nothing that lives is lost, a second run finishes, and a third finds nothing to do."""
    register = rollbook.Api(root, "p")
    assert register.verify().faults == ()
    again = opened(root)
    collecting.collect(again, EAGER)
    collecting.collect(again, EAGER)
    last = collecting.collect(again, EAGER)
    assert (last.condemned, last.removed) == (0, 0)
    assert last.dead_bytes < 90_000  # a part that only a deleted version had, in packs that are mostly needed
    assert rollbook.Api(root, "p").verify().faults == ()
    assert [version.version for version in register.artifacts("c0")] == ["v3"]
    for number, version in enumerate(reversed(register.artifacts("c1"))):
        assert version.get("a.bin") == content(number)


@pytest.mark.parametrize("step", ["surveyed", "remembered", "copied", "condemned", "removed", "noted"])
def test_killed_after_each_step(base: Path, tmp_path: Path, step: str) -> None:
    root = Path(shutil.copytree(base, tmp_path / "register"))
    died, told = killed(root, at=step)
    assert died, told
    check(root)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize(("stride", "least"), [(9, 5), pytest.param(1, 60, marks=pytest.mark.slow)])
def test_killed_at_system_calls(base: Path, tmp_path: Path, stride: int, least: int) -> None:
    """At every system call that changes something in the store or the catalog."""
    deaths = 0
    for call in ("unlink", "link", "fdatasync", "fsync", "writev"):
        nth = 1
        while True:
            root = Path(shutil.copytree(base, tmp_path / f"{call}-{nth}"))
            died, _ = killed(root, strace=(call, nth))
            if not died:
                break
            deaths += 1
            check(root)
            nth += stride
    assert deaths >= least
