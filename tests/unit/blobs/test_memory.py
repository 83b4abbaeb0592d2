"""Memory is bounded whatever the size of a blob."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import tracemalloc

import pytest

from rollbook.blobs import Blobs

MIB = 1024 * 1024
BOUND = 150 * MIB


class Generated(io.RawIOBase):
    """Bytes that do not compress, without holding them: one noisy block, stamped with its number."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._block = bytearray(random.Random(1).randbytes(MIB))
        self._number = 0

    def read(self, size: int = -1) -> bytes:
        if size > self._left or self._left == 0:
            size = self._left
        size = min(size, MIB)
        self._left -= size
        self._number += 1
        for position in range(0, MIB, 8192):
            self._block[position : position + 8] = self._number.to_bytes(8, "little")
        return bytes(self._block[:size])


def peak_of_adding(blobs: Blobs, size: int) -> int:
    tracemalloc.start()
    with blobs.writer() as writer:
        assert writer.add_stream(Generated(size)).size == size  # type: ignore[arg-type]
        writer.commit()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_adding_a_large_stream(tmp_path):
    assert peak_of_adding(Blobs.open_local(tmp_path), 300 * MIB) < BOUND


PROGRAM = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_memory import Generated, MIB
from rollbook.blobs import Blobs

blobs = Blobs.open_local(Path(sys.argv[2]) / "store")
with blobs.writer() as writer:
    info = writer.add_stream(Generated(2048 * MIB))
    writer.commit()
blobs.fetch([(info.digest, Path(sys.argv[2]) / "out")])
assert not list(blobs.verify())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_gibibytes_in_and_out(tmp_path, request):
    command = [sys.executable, "-c", PROGRAM, str(request.path.parent), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < BOUND
