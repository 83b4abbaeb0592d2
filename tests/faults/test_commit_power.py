"""Power cuts while versions are committed: a disk image copied at any instant holds all that was acknowledged.

Stronger than kill -9, which loses nothing that the kernel still holds in memory.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import rollbook
from rollbook.model.errors import NotFound

WRITER = """
import os, random, sys, time
from pathlib import Path
import rollbook

chance = random.Random()

def with_a_pause(call):
    def paused(*arguments, **options):
        time.sleep(chance.uniform(0, 0.001))
        return call(*arguments, **options)
    return paused

for name in ("open", "writev", "fsync", "link", "unlink", "mkdir"):
    setattr(os, name, with_a_pause(getattr(os, name)))

root = Path(sys.argv[1]) / "register"
run = rollbook.init("math", data_dir=root, save_code=False)
print("run", run.id, flush=True)
for number in range(100_000):
    draft = rollbook.Artifact("m", "model", {"number": number})
    with draft.new_file("data.bin", "wb") as stream:
        stream.write(random.Random(number).randbytes(number * 997 % 60_000))
    version = run.log_artifact(draft)
    print("version", version.facts.number, version.digest, flush=True)
    rollbook.Api(root, "math").promote(version.name, reason=f"number {number}")
    print("champion", version.facts.number, flush=True)
"""
IMAGE_MIB = 96


def shell(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def can_mount() -> bool:
    return os.geteuid() == 0 and all(shutil.which(tool) for tool in ("losetup", "mkfs.ext4", "mount", "umount"))


@contextmanager
def mounted(image: Path, point: Path) -> Iterator[Path]:
    point.mkdir(exist_ok=True)
    device = shell("losetup", "-f", "--show", str(image))
    try:
        shell("mount", device, str(point))
        try:
            yield point
        finally:
            shell("umount", str(point))
    finally:
        shell("losetup", "-d", device)


def cut(image: Path, copy: Path, writer: subprocess.Popen[bytes]) -> None:
    """What the disk holds now, without what the kernel did not write to it yet; the writer stands still meanwhile."""
    writer.send_signal(signal.SIGSTOP)
    try:
        before, now = b"", image.read_bytes()
        while before != now:
            before, now = now, image.read_bytes()
        copy.write_bytes(now)
    finally:
        writer.send_signal(signal.SIGCONT)


def check(root: Path, told: list[list[str]]) -> None:
    """All that was acknowledged is there and whole; at most the one version on its way is there too, whole."""
    promised = {int(words[1]): words[2] for words in told if words[0] == "version"}
    champions = [int(words[1]) for words in told if words[0] == "champion"]
    if not (root / "rollbook.json").exists():
        assert told == []
        return
    register = rollbook.Api(root, "math")
    assert register.verify().faults == ()
    try:
        versions = register.artifacts("m")
    except NotFound:
        versions = []
    assert [version.facts.number for version in versions] == list(range(len(versions)))[::-1]
    assert len(promised) <= len(versions) <= len(promised) + 1
    by_number = {version.facts.number: version for version in versions}
    assert {number: str(by_number[number].digest) for number in promised} == promised
    for number in list(by_number)[:3]:
        assert by_number[number].get("data.bin") == random.Random(number).randbytes(number * 997 % 60_000)
    if champions:
        assert register.artifact("m:champion").facts.number in (champions[-1], champions[-1] + 1)
    for words in told:
        if words[0] == "run":
            assert register.run(words[1]).state == "running"
    go_on(root, len(versions))


def check_in_a_child(root: Path, told: list[list[str]]) -> None:
    """In a process whose end closes every file, so that the disk can be taken away."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            check(root, told)
            status = 0
        finally:
            if status:
                traceback.print_exc()
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


def go_on(root: Path, number: int) -> None:
    """After the power is back, the next version can be logged."""
    with rollbook.init("math", data_dir=root, save_code=False) as run:
        draft = rollbook.Artifact("m", "model", {"number": "after the cut"})
        assert run.log_artifact(draft).facts.number == number
    assert rollbook.Api(root, "math").verify().faults == ()


@pytest.mark.faults
@pytest.mark.skipif(not can_mount(), reason="mounting a disk image needs root, losetup and mkfs.ext4")
@pytest.mark.parametrize("cuts", [6, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.timeout(7200)
def test_power_cuts(tmp_path: Path, cuts: int) -> None:
    chance = random.Random(5)
    left = cuts
    while left > 0:
        image = tmp_path / "image"
        with image.open("wb") as file:
            file.truncate(IMAGE_MIB * 1024 * 1024)
        shell("mkfs.ext4", "-q", "-F", str(image))
        left -= cuts_of_one_writer(image, tmp_path, chance, left)


def cuts_of_one_writer(image: Path, folder: Path, chance: random.Random, most: int) -> int:
    """Cut while one writer runs, until its disk is half full."""
    environment = {**os.environ, "PYTHONPATH": str(Path(rollbook.__file__).parents[1])}
    done = 0
    with (
        mounted(image, folder / "disk") as disk,
        (folder / "told").open("wb") as out,
        subprocess.Popen([sys.executable, "-c", WRITER, str(disk)], stdout=out, env=environment) as writer,
    ):
        try:
            while not (folder / "told").read_bytes():
                time.sleep(0.01)
                assert writer.poll() is None
            while done < most and shutil.disk_usage(disk).free > IMAGE_MIB * 2**20 // 2:
                time.sleep(chance.uniform(0.02, 0.5))
                told = [line.split() for line in (folder / "told").read_text().split("\n")[:-1]]
                cut(image, folder / "copy", writer)
                with mounted(folder / "copy", folder / "after") as after:
                    check_in_a_child(after / "register", told)
                done += 1
            assert writer.poll() is None
        finally:
            writer.kill()
            writer.wait()
    return done
