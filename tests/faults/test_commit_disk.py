"""Full, read-only and damaged registers: a named error, nothing half-visible, and work goes on when there is room."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import rollbook
from rollbook.model.errors import CorruptData, RollbookError, StorageFull
from rollbook.sdk.run import Run

pytestmark = pytest.mark.faults

BIG = random.Random(3).randbytes(12_000_000)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of eight megabytes."""
    point = tmp_path / "disk"
    point.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(point)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this machine does not let us mount")
    yield point
    subprocess.run(["umount", "-l", str(point)], check=True)


def begin(root: Path) -> Run:
    return rollbook.init("math", data_dir=root, save_code=False)


def log(run: Run, source: Path, data: bytes, **options: object) -> rollbook.Version:
    source.write_bytes(data)
    return run.log_artifact(source, name="m", type="model", **options)  # type: ignore[arg-type]


def fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(4096))
    return ballast


def in_a_child(work: Callable[[], None]) -> None:
    """Do something in a process whose end closes every file: an open file keeps its disk busy."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            if status:
                traceback.print_exc()
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


def remount(disk: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", str(disk)], check=True)


def numbers(root: Path) -> list[int]:
    return [version.facts.number for version in rollbook.Api(root, "math").artifacts("m")]


def test_a_disk_too_small_for_a_file_refuses_it_and_takes_the_next(disk: Path, tmp_path: Path) -> None:
    root = disk / "register"
    with begin(root) as run:
        log(run, tmp_path / "m.bin", b"first", aliases=["champion"])
        for _ in range(3):
            with pytest.raises(StorageFull, match="No space left") as caught:
                log(run, tmp_path / "m.bin", BIG, aliases=["champion"])
            assert caught.value.hint
        assert numbers(root) == [0]
        assert rollbook.Api(root, "math").verify().faults == ()
        assert log(run, tmp_path / "m.bin", b"second").name == "m:v1"


def log_until_full(run: Run, source: Path) -> int:
    """How many versions there are when the disk is full."""
    for logged in range(1, 400):
        try:
            log(run, source, random.Random(logged).randbytes(20_000))
        except StorageFull:
            return logged
    pytest.fail("the disk never was full")


def test_a_full_disk_keeps_reads_and_recovers_without_a_restart(disk: Path, tmp_path: Path) -> None:
    root = disk / "register"
    with begin(root) as run:
        log(run, tmp_path / "m.bin", b"first")
        ballast = fill(disk)
        logged = log_until_full(run, tmp_path / "m.bin")
        api = rollbook.Api(root, "math")
        assert numbers(root) == list(range(logged))[::-1]
        assert api.verify().faults == ()
        assert api.artifact("m:v0").get("m.bin") == b"first"
        ballast.unlink()
        assert log(run, tmp_path / "m.bin", b"room again").name == f"m:v{logged}"
    assert api.verify().faults == ()
    assert api.run(run.id).state == "finished"


def test_training_goes_on_while_the_disk_is_full(disk: Path) -> None:
    root = disk / "register"
    with begin(root) as run:
        run.log({"step": 0})
        ballast = fill(disk)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            for step in range(1, 2000):
                run.log({"step": step, "text": "x" * 100})
        assert any("wait in memory" in str(warning.message) for warning in told)
        ballast.unlink()
        run.log({"step": 2000})
    rows = list(rollbook.Api(root, "math").history(run.id))
    assert [row["step"] for row in rows] == list(range(2001))


def test_a_register_is_not_made_on_a_full_or_read_only_disk(disk: Path) -> None:
    ballast = fill(disk)
    with pytest.raises(StorageFull):
        begin(disk / "register")
    remount(disk, "ro")
    with pytest.raises(StorageFull) as caught:
        begin(disk / "other")
    assert caught.value.hint
    remount(disk, "rw")
    ballast.unlink()
    with begin(disk / "register") as run:
        run.log({"x": 1})
    assert rollbook.Api(disk / "register", "math").verify().ok


def test_a_read_only_register_is_read_and_refuses_to_be_written(disk: Path, tmp_path: Path) -> None:
    root = disk / "register"

    def make() -> None:
        with begin(root) as run:
            log(run, tmp_path / "m.bin", b"first")

    def read() -> None:
        with pytest.raises(StorageFull) as caught:
            begin(root)
        assert caught.value.hint
        api = rollbook.Api(root, "math")
        assert api.artifact("m:v0").get("m.bin") == b"first"
        assert api.verify().faults == ()
        assert Path(api.artifact("m:v0").download(tmp_path / "out"), "m.bin").read_bytes() == b"first"
        with pytest.raises(StorageFull):
            api.promote("m:v0")

    in_a_child(make)
    remount(disk, "ro")
    in_a_child(read)
    remount(disk, "rw")
    assert rollbook.Api(root, "math").promote("m:v0").to_number == 0


# --- damage ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def register(tmp_path: Path) -> Path:
    root = tmp_path / "register"
    with begin(root) as run:
        for index in range(3):
            data = random.Random(index).randbytes(150_000 * index + 100)
            log(run, tmp_path / "m.bin", data, metadata={"auc": 0.5 + index / 10}, aliases=["champion"])
    return root


def catalog(root: Path, statement: str) -> int:
    """Change the catalog behind the register's back; how many rows it changed."""
    with sqlite3.connect(root / "catalog.sqlite") as connection:
        changed = connection.execute(statement).rowcount
        connection.commit()
    connection.close()
    return changed


def packs(root: Path) -> list[Path]:
    return sorted(path for path in (root / "blobs").rglob("*") if path.is_file())


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.99])
def test_a_flipped_bit_anywhere_in_the_blobs_is_found_and_never_served(
    register: Path, tmp_path: Path, share: float
) -> None:
    """Every file once; the full sweep over offsets is in the tests of the blobs."""
    right = {f"m:v{index}": random.Random(index).randbytes(150_000 * index + 100) for index in range(3)}
    for victim in packs(register):
        original = victim.read_bytes()
        damaged = bytearray(original)
        damaged[int(len(damaged) * share)] ^= 4
        victim.chmod(0o600)
        victim.write_bytes(damaged)
        api = rollbook.Api(register, "math")
        assert not api.verify().ok, victim.name
        for reference, data in right.items():
            with suppress(RollbookError):
                assert api.artifact(reference).get("m.bin") == data
        victim.write_bytes(original)
    assert rollbook.Api(register, "math").verify().ok


@pytest.mark.parametrize("how", ["gone", "cut", "empty", "swapped", "link"])
def test_missing_cut_and_swapped_packs_are_found(register: Path, tmp_path: Path, how: str) -> None:
    one, other = sorted(packs(register), key=lambda path: path.stat().st_size)[-2:]
    first, second = one.read_bytes(), other.read_bytes()
    for path in (one, other):
        path.chmod(0o600)
    match how:
        case "gone":
            one.unlink()
        case "cut":
            one.write_bytes(first[:-1])
        case "empty":
            one.write_bytes(b"")
        case "swapped":
            one.write_bytes(second)
            other.write_bytes(first)
        case _:
            (tmp_path / "elsewhere").write_bytes(second)
            one.unlink()
            one.symlink_to(tmp_path / "elsewhere")
    with suppress(CorruptData):
        assert not rollbook.Api(register, "math").verify().ok


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE versions SET seal = CAST(replace(seal, '0.5', '0.9') AS BLOB)",
        "UPDATE versions SET metadata = replace(metadata, '0.5', '0.9')",
        "UPDATE versions SET type = 'dataset'",
        "UPDATE versions SET data_class = 'public'",
        "UPDATE versions SET size = 1",
        "UPDATE versions SET file_count = 7",
        "UPDATE versions SET schemas = '{\"x\":[]}'",
        "UPDATE statements SET content = CAST(replace(content, 'math', 'other') AS BLOB)",
        "UPDATE audit SET entry = CAST(replace(entry, 'commit', 'nothing') AS BLOB)",
        "UPDATE audit SET actor = 'user:bo'",
        "DELETE FROM audit WHERE sequence = 1",
    ],
)
def test_edited_rows_are_found(register: Path, statement: str) -> None:
    changed = catalog(register, statement)
    assert changed != 0
    with suppress(CorruptData):
        assert not rollbook.Api(register, "math").verify().ok
