"""Sixteen processes log into one register at once, from the very first moment, while a reader lists it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

import rollbook
from rollbook.model.errors import NotFound

pytestmark = pytest.mark.faults

PROCESSES = 16

# Every process logs the same things and things of its own, round by round, and says what it was told.
CROWD = '''
import os, sys, traceback
from pathlib import Path
import rollbook, rollbook.sdk.embedded, rollbook.sdk.run
from rollbook.model.errors import Unavailable

root, processes, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
gate, opened = os.pipe()

def patiently(call, *arguments, **options):
    """What `Unavailable` asks for: on a machine that is busy with other things, the wait for the lock can run out."""
    for _ in range(20):
        try:
            return call(*arguments, **options)
        except Unavailable:
            continue
    return call(*arguments, **options)

def log(run, name, text):
    draft = rollbook.Artifact(name, "dataset", {"text": text})
    with draft.new_file("data.txt") as stream:
        stream.write(text * 100)
    return patiently(run.log_artifact, draft).name

def work(who):
    os.read(gate, 1)
    with patiently(rollbook.init, "math", data_dir=root, save_code=False, name=f"process {who}") as run:
        for number in range(rounds):
            lines = [f"same {number} {log(run, 'same', f'same {number}')}"]
            lines.append(f"own {who} {number} {log(run, 'own', f'own {who} {number}')}")
            run.log({"number": number})
            register = rollbook.Api(root, "math")
            patiently(register.alias, lines[-1].rpartition(" ")[2], "newest", reason=f"{who} {number}")
            os.write(1, ("\\n".join(lines) + "\\n").encode())

children = []
for who in range(processes):
    child = os.fork()
    if child == 0:
        try:
            work(who)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    children.append(child)
os.write(opened, b"x" * processes)
failed = [child for child in children if os.waitpid(child, 0)[1] != 0]
sys.exit(len(failed))
'''


def look(root: Path) -> int:
    """What a reader sees in the middle of it: dense numbers, whole versions, aliases that lead somewhere."""
    if not (root / "rollbook.json").exists():
        return 0
    register = rollbook.Api(root, "math")
    seen = 0
    for collection in ("same", "own"):
        try:
            versions = register.artifacts(collection)
        except NotFound:
            continue
        numbers = [version.facts.number for version in versions]
        assert numbers == list(range(len(numbers)))[::-1]
        for version in versions[:2]:
            assert version.get("data.txt").decode() == str(version.metadata["text"]) * 100
        assert int(register.artifact(f"{collection}:latest").version[1:]) >= len(numbers) - 1
        seen += len(numbers)
    return seen


@pytest.mark.parametrize("rounds", [4, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.timeout(3600)
def test_sixteen_writers_and_a_reader(tmp_path: Path, rounds: int) -> None:
    root = tmp_path / "register"
    command = [sys.executable, "-c", CROWD, str(root), str(PROCESSES), str(rounds)]
    environment = {**os.environ, "PYTHONPATH": str(Path(rollbook.__file__).parents[1])}
    looks: list[int] = []
    with (
        (tmp_path / "out").open("w+") as out,
        (tmp_path / "errors").open("w+") as errors,
        subprocess.Popen(command, stdout=out, stderr=errors, env=environment) as crowd,
    ):
        while crowd.poll() is None:
            looks.append(look(root))
        assert crowd.returncode == 0, (tmp_path / "errors").read_text()
    assert looks == sorted(looks)
    check(root, (tmp_path / "out").read_text().splitlines(), rounds)


def check(root: Path, told: list[str], rounds: int) -> None:
    same: dict[str, set[str]] = {}
    own: Counter[str] = Counter()
    for line in told:
        kind, *rest, name = line.split()
        if kind == "same":
            same.setdefault(rest[0], set()).add(name)
        else:
            own[name] += 1
    assert len(same) == rounds
    assert all(len(names) == 1 for names in same.values()), "one content, one version"
    assert sorted(own.values()) == [1] * (PROCESSES * rounds), "each content of its own, a number of its own"
    register = rollbook.Api(root, "math")
    assert look(root) == rounds + PROCESSES * rounds
    assert register.verify().faults == ()
    (moves,) = [register.alias_history("own", "newest")]
    assert len(moves) == PROCESSES * rounds
    assert all(later.from_number == earlier.to_number for earlier, later in pairwise(moves))
    assert {run.state for run in register.runs()} == {"finished"}
    assert len(register.runs()) == PROCESSES
    for run in register.runs():
        assert [row["number"] for row in register.history(run.short)] == list(range(rounds))
    for name in same.values():
        assert len(register.artifact(next(iter(name))).provenance()) == PROCESSES, "every run that made it is told"
