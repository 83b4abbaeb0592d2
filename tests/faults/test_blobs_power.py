"""Simulated power cuts: a disk image copied while a writer acknowledges holds all it had acknowledged."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from blake3 import blake3

from rollbook.blobs import Blobs
from rollbook.model.digest import Digest
from rollbook.model.errors import NotFound

WRITER = """
import itertools, os, random, sys, time
from pathlib import Path
from rollbook.blobs import Blobs, LocalStore

chance = random.Random()


def with_a_pause(call):
    def paused(*arguments, **options):
        time.sleep(chance.uniform(0, 0.002))
        return call(*arguments, **options)
    return paused


for name in ("open", "writev", "fsync", "link", "unlink", "mkdir"):
    setattr(os, name, with_a_pause(getattr(os, name)))

shared = random.Random(0).randbytes(200_000)
blobs = Blobs(LocalStore(Path(sys.argv[1]) / "store"))
for number in itertools.count():
    with blobs.writer() as writer:
        data = random.Random(number).randbytes(number * 997 % 90_000) + shared
        info = writer.add_bytes(data)
        writer.commit()
    sys.stdout.write(info.digest.hex + "\\n")
    sys.stdout.flush()
"""

IMAGE_MIB = 64


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def can_mount() -> bool:
    return os.geteuid() == 0 and all(shutil.which(tool) for tool in ("losetup", "mkfs.ext4", "mount", "umount"))


@contextmanager
def mounted(image: Path, point: Path) -> Iterator[Path]:
    point.mkdir(exist_ok=True)
    device = run("losetup", "-f", "--show", str(image))
    try:
        run("mount", device, str(point))
        try:
            yield point
        finally:
            run("umount", str(point))
    finally:
        run("losetup", "-d", device)


def cut(image: Path, copy: Path, writer: subprocess.Popen[bytes]) -> None:
    """What the disk holds at this instant, without what the kernel has not yet written to it.

    A copy takes time, so the writer stands still meanwhile, between two of its system calls; the pauses spread the cuts
    over all of them. Two equal readings show that the kernel wrote nothing in between either.
    """
    writer.send_signal(signal.SIGSTOP)
    try:
        before, now = b"", image.read_bytes()
        while before != now:
            before, now = now, image.read_bytes()
        copy.write_bytes(now)
    finally:
        writer.send_signal(signal.SIGCONT)


def check(point: Path, acknowledged: list[str]) -> None:
    """Everything acknowledged before the cut is there; at most the one blob on its way is there too, whole."""
    with Blobs.open_local(point / "store", read_only=True) as blobs:
        check_blobs(blobs, acknowledged)


def check_blobs(blobs: Blobs, acknowledged: list[str]) -> None:
    shared = random.Random(0).randbytes(200_000)
    for number, digits in enumerate(acknowledged):
        data = random.Random(number).randbytes(number * 997 % 90_000) + shared
        assert blobs.read(Digest("blake3", digits)) == data
    following = len(acknowledged)
    data = random.Random(following).randbytes(following * 997 % 90_000) + shared
    with suppress(NotFound):  # it was not acknowledged; if it is there, it is whole
        assert blobs.read(Digest.of_raw("blake3", blake3(data).digest())) == data
    assert list(blobs.verify()) == []


@pytest.mark.faults
@pytest.mark.skipif(not can_mount(), reason="mounting a disk image needs root, losetup and mkfs.ext4")
@pytest.mark.parametrize("cuts", [8, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.timeout(3600)
def test_power_cuts(tmp_path, cuts: int):
    image, copy = tmp_path / "image", tmp_path / "copy"
    chance = random.Random(5)
    left = cuts
    while left > 0:
        with image.open("wb") as file:
            file.truncate(IMAGE_MIB * 1024 * 1024)
        run("mkfs.ext4", "-q", "-F", str(image))
        left -= cuts_of_one_writer(image, copy, tmp_path, chance, left)


def cuts_of_one_writer(image: Path, copy: Path, folder: Path, chance: random.Random, most: int) -> int:
    """Cut while one writer runs, until its disk is half full."""
    done = 0
    with (
        mounted(image, folder / "disk") as disk,
        (folder / "acknowledged").open("wb") as out,
        subprocess.Popen([sys.executable, "-c", WRITER, str(disk)], stdout=out) as writer,
    ):
        try:
            while done < most and shutil.disk_usage(disk).free > IMAGE_MIB * 2**20 // 2:
                time.sleep(chance.uniform(0.02, 0.3))
                acknowledged = (folder / "acknowledged").read_text().split("\n")[:-1]
                cut(image, copy, writer)
                with mounted(copy, folder / "after") as after:
                    check(after, acknowledged)
                done += 1
            assert writer.poll() is None
        finally:
            writer.kill()
            writer.wait()
    return done
