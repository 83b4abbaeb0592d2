"""Full and read-only disks: a clear refusal, nothing partial, reads still work.

Writing works again, without a restart, when there is room again.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rollbook.blobs import Blobs
from rollbook.model.errors import StorageFull

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="mounting a small disk needs root"),
]

SMALL = random.Random(1).randbytes(5_000)
LARGE = random.Random(2).randbytes(20_000_000)


@pytest.fixture
def open_blobs() -> Iterator[Callable[[Path], Blobs]]:
    """Opens blobs and closes them before the disk goes away."""
    with ExitStack() as stack:
        yield lambda root: stack.enter_context(Blobs.open_local(root))


@pytest.fixture(params=["size=8m", "size=64m,nr_inodes=30"])
def disk(tmp_path, request) -> Iterator[Path]:
    """A disk that is full soon: of bytes, or of names."""
    point = tmp_path / "disk"
    point.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", request.param, "tmpfs", str(point)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this machine does not let us mount")
    yield point
    subprocess.run(["umount", str(point)], check=True)


def add(blobs: Blobs, data: bytes):
    with blobs.writer() as writer:
        info = writer.add_bytes(data)
        writer.commit()
    return info


def fill(disk: Path) -> list[Path]:
    """Take what is left of bytes and names."""
    fillers: list[Path] = []
    for number in range(100):
        filler = disk / f"filler{number}"
        try:
            with filler.open("wb", buffering=0) as file:
                fillers.append(filler)
                while file.write(bytes(65536)):
                    pass
        except OSError:
            continue
    return fillers


def test_a_full_disk(disk: Path, open_blobs):
    blobs = open_blobs(disk / "store")
    first = add(blobs, SMALL)
    fillers = fill(disk)
    with pytest.raises(StorageFull, match="No space left") as caught:
        add(blobs, LARGE)
    assert "free" in caught.value.message
    assert list((disk / "store" / "tmp").iterdir()) == []
    assert blobs.read(first.digest) == SMALL
    assert open_blobs(disk / "store").read(first.digest) == SMALL
    assert list(blobs.verify()) == []
    for filler in fillers:
        filler.unlink()
    second = add(blobs, LARGE[:1_000_000])
    assert blobs.read(second.digest) == LARGE[:1_000_000]


def test_a_fetch_onto_a_full_disk(disk: Path, tmp_path, open_blobs):
    blobs = open_blobs(tmp_path / "store")
    info = add(blobs, LARGE)
    fill(disk)
    with pytest.raises(StorageFull):
        blobs.fetch([(info.digest, disk / "out")])
    assert not [path for path in disk.iterdir() if not path.name.startswith("filler")]


def test_a_disk_that_turns_read_only(disk: Path, open_blobs):
    blobs = open_blobs(disk / "store")
    first = add(blobs, SMALL)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(StorageFull, match="Read-only"):
        add(blobs, LARGE)
    assert blobs.read(first.digest) == SMALL
    assert open_blobs(disk / "store").read(first.digest) == SMALL
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert add(blobs, SMALL + b"more").size == len(SMALL) + 4
