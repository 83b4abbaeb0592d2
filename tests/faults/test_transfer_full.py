"""A server whose disk is full: a clear refusal, reads go on, and sending goes on when there is room again."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollbook.model.errors import StorageFull
from rollbook.sdk.remote.client import Client, project_path
from rollbook.sdk.remote.upload import RemoteUpload
from tests.services.server import running

pytestmark = pytest.mark.faults

WHERE = project_path("local", "math")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 48 megabytes."""
    point = tmp_path / "disk"
    point.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(point)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this machine does not let us mount")
    yield point
    subprocess.run(["umount", "-l", str(point)], check=True)


def send(client: Client, path: Path) -> None:
    with RemoteUpload(client, WHERE) as upload:
        upload.add_files([path])
        upload.commit()


def test_a_full_disk_refuses_and_recovers(disk: Path, tmp_path: Path) -> None:
    large, small = tmp_path / "large", tmp_path / "small"
    large.write_bytes(random.Random(1).randbytes(20_000_000))
    small.write_bytes(random.Random(2).randbytes(100_000))
    with running(disk / "served") as server:
        client = Client(server.address, server.keys["analyst"])
        send(client, small)
        filler = disk / "filler"
        filler.write_bytes(bytes(shutil.disk_usage(disk).free - 6_000_000))
        with pytest.raises(StorageFull):
            send(client, large)
        with RemoteUpload(client, WHERE) as upload:
            (info,) = upload.add_files([small])
            assert upload.held([info.digest]) == {info.digest}
        filler.unlink()
        send(client, large)
        assert list((server.data_dir / "blobs" / "tmp").glob("*")) == []
