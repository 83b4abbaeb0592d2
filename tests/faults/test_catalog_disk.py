"""Full disks, read-only disks and damaged files: a named error, nothing half-written, and work goes on afterwards."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress

import pytest

from rollbook.catalog import Catalog, projects
from rollbook.model.errors import CorruptData, StorageFull

pytestmark = pytest.mark.faults


def add(catalog, name):
    with catalog.write() as connection:
        projects.ensure_organisation(connection, name, id=f"id-{name}", at=1)


def count(catalog):
    with catalog.read() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM organisations").scalar_one()


def add_until_full(catalog):
    for number in range(5000):
        try:
            add(catalog, f"organisation-{number}")
        except StorageFull as refusal:
            assert "free space" in refusal.hint  # noqa: PT017 - the number of writes matters
            return number
    return None


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, of two megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def remount(disk, option):
    subprocess.run(["mount", "-o", f"remount,{option}", str(disk)], check=True)


def fill(disk):
    with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(b"\0" * 4096)


def test_a_full_disk_refuses_writes_keeps_reads_and_recovers_without_reopening(small_disk):
    with Catalog.open(small_disk / "catalog.db", create=True) as catalog:
        add(catalog, "before")
        fill(small_disk)
        written = add_until_full(catalog)
        assert count(catalog) == written + 1
        (small_disk / "ballast").unlink()
        add(catalog, "after")
        assert count(catalog) == written + 2
        assert catalog.health().damage == ()


def test_a_catalog_is_not_made_on_a_full_disk(small_disk):
    fill(small_disk)
    with pytest.raises(StorageFull):
        Catalog.open(small_disk / "catalog.db", create=True)
    (small_disk / "ballast").unlink()
    with Catalog.open(small_disk / "catalog.db", create=True) as catalog:
        add(catalog, "after")


def test_a_disk_that_becomes_read_only_refuses_writes_and_keeps_reads(small_disk):
    with Catalog.open(small_disk / "catalog.db", create=True) as catalog:
        add(catalog, "before")
    with Catalog.open(small_disk / "catalog.db") as catalog:
        assert count(catalog) == 1
        catalog.close()
        remount(small_disk, "ro")
        with pytest.raises(StorageFull):
            add(catalog, "during")
        with Catalog.open(small_disk / "catalog.db", read_only=True) as reader:
            assert count(reader) == 1
        remount(small_disk, "rw")
        add(catalog, "after")
        assert count(catalog) == 2


def test_a_catalog_is_not_made_on_a_read_only_disk(small_disk):
    remount(small_disk, "ro")
    with pytest.raises(StorageFull, match="cannot create"):
        Catalog.open(small_disk / "catalog.db", create=True)


def test_a_log_left_on_a_read_only_disk_is_read(small_disk):
    path = small_disk / "catalog.db"
    Catalog.open(path, create=True).close()
    if os.fork() == 0:
        with suppress(BaseException):
            add(Catalog.open(path), "only in the log")
        os._exit(0)  # without closing, as if killed: the log stays
    os.wait()
    assert path.with_name("catalog.db-wal").stat().st_size
    remount(small_disk, "ro")
    with Catalog.open(path, read_only=True) as reader:
        assert count(reader) == 1


@pytest.fixture
def damaged(tmp_path, place):
    """A catalog of several pages with a damaged one, closed so that nothing is left in a log."""
    path = tmp_path / "catalog.db"
    with Catalog.open(path, create=True) as catalog:
        for number in range(50):
            add(catalog, f"organisation-{number}")
    content = bytearray(path.read_bytes())
    if place == "short":
        content = content[: len(content) // 2]
    else:
        start = {"header": 0, "schema": 100, "rows": len(content) - 4096}[place]
        content[start : start + 2048] = b"\xa5" * 2048
    path.write_bytes(content)
    return path


def found_damage(path):
    try:
        with Catalog.open(path) as catalog:
            return bool(catalog.health().damage)
    except CorruptData:
        return True


@pytest.mark.parametrize("place", ["header", "schema", "rows", "short"])
def test_a_damaged_file_is_never_taken_for_sound(damaged):
    assert found_damage(damaged)
