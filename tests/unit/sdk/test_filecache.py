"""A file that did not change is not read again, and one that did always is."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import rollbook
from rollbook.blobs import BlobInfo, BlobWriter
from rollbook.model.errors import InvalidInput
from rollbook.sdk import filecache
from rollbook.sdk.filecache import SETTLED_NS, TICK_NS, FileCache, look_at


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read."""
    names: list[str] = []
    add_files = BlobWriter.add_files

    def recording(self: BlobWriter, paths: Sequence[Path], **options: object) -> list[BlobInfo]:
        names.extend(path.name for path in paths)
        return add_files(self, paths, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(BlobWriter, "add_files", recording)
    return names


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three files that settled long ago."""
    monkeypatch.setattr(filecache, "SETTLED_NS", -SETTLED_NS)
    monkeypatch.setattr(filecache, "TICK_NS", -SETTLED_NS)
    folder = tmp_path / "data"
    (folder / "sub").mkdir(parents=True)
    for name in ("a", "b", "sub/c"):
        (folder / name).write_text(f"content of {name}", encoding="utf-8")
    return folder


def log(tmp_path: Path, folder: Path) -> rollbook.Version:
    with rollbook.init("p", data_dir=tmp_path / "register", save_code=False) as run:
        return run.log_artifact(folder, name="data", type="dataset")


def test_unchanged_files_are_not_read_again(tmp_path: Path, folder: Path, reads: list[str]) -> None:
    first = log(tmp_path, folder)
    assert sorted(reads) == ["a", "b", "c"]
    reads.clear()
    assert log(tmp_path, folder).digest == first.digest
    assert reads == []
    (folder / "b").write_text("other", encoding="utf-8")
    second = log(tmp_path, folder)
    assert reads == ["b"]
    assert second.name == "data:v1"
    assert Path(second.download(tmp_path / "out"), "b").read_text(encoding="utf-8") == "other"
    assert rollbook.Api(tmp_path / "register", "p").verify().ok


def test_a_change_of_the_same_size_with_the_old_time_is_seen(tmp_path: Path, folder: Path, reads: list[str]) -> None:
    log(tmp_path, folder)
    reads.clear()
    before = (folder / "a").stat()
    (folder / "a").write_text("CONTENT OF A", encoding="utf-8")
    os.utime(folder / "a", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (folder / "a").stat().st_mtime_ns == before.st_mtime_ns
    assert log(tmp_path, folder).name == "data:v1"
    assert reads == ["a"]


def test_a_replaced_file_is_seen(tmp_path: Path, folder: Path, reads: list[str]) -> None:
    log(tmp_path, folder)
    reads.clear()
    (folder / "new").write_text("CONTENT OF A", encoding="utf-8")
    (folder / "new").replace(folder / "a")
    assert log(tmp_path, folder).name == "data:v1"
    assert reads == ["a"]


def test_what_the_register_lost_is_read_again(tmp_path: Path, folder: Path, reads: list[str]) -> None:
    log(tmp_path, folder)
    reads.clear()
    for pack in (tmp_path / "register" / "blobs" / "packs").rglob("*.*"):
        pack.unlink()
    log(tmp_path, folder)
    assert sorted(reads) == ["a", "b", "c"]


def test_a_damaged_cache_is_ignored(tmp_path: Path, folder: Path, reads: list[str]) -> None:
    log(tmp_path, folder)
    for path in (tmp_path / "register" / "cache").iterdir():
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    reads.clear()
    log(tmp_path, folder)
    assert sorted(reads) == ["a", "b", "c"]


def test_it_can_be_switched_off(
    tmp_path: Path, folder: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLBOOK_FILE_CACHE", "off")
    log(tmp_path, folder)
    log(tmp_path, folder)
    assert len(reads) == 6
    assert not (tmp_path / "register" / "cache").exists()
    monkeypatch.setenv("ROLLBOOK_FILE_CACHE", "maybe")
    with pytest.raises(InvalidInput, match="maybe"):
        log(tmp_path, folder)


def test_a_file_that_changed_a_moment_ago_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fresh"
    path.write_text("x", encoding="utf-8")
    look = look_at(path)
    assert look is not None
    digest = filecache.Digest("blake3", "ab" * 32)
    coarse = look._replace(changed=look.changed // 10**9 * 10**9)
    seconds = 10**9
    for age, seen, remembered in (
        (0, look, False),
        (TICK_NS + seconds, look, True),
        (TICK_NS + seconds, coarse, False),
        (SETTLED_NS + 2 * seconds, coarse, True),
    ):
        store = tmp_path / f"{age}-{seen == look}"
        cache = FileCache(store, tmp_path, lambda age=age: look.modified + age)
        with monkeypatch.context() as patched:
            patched.setattr(filecache, "look_at", lambda _path, seen=seen: seen)
            cache.remember({path: (seen, digest)})
        again = FileCache(store, tmp_path, time.time_ns)
        assert (again.known(path, seen) == digest) is remembered
        assert again.last(path) == digest  # what it was is a hint of what it is, however fresh


def test_a_file_that_looks_otherwise_after_it_was_hashed_is_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "moving"
    path.write_text("x", encoding="utf-8")
    look = look_at(path)
    assert look is not None
    path.write_text("xy", encoding="utf-8")
    cache = FileCache(tmp_path / "cache", tmp_path, lambda: time.time_ns() + 10 * SETTLED_NS)
    cache.remember({path: (look, filecache.Digest("blake3", "ab" * 32))})
    assert cache.known(path, look) is None


def test_what_a_file_was_is_told_to_whoever_reads_it(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []
    add_files = BlobWriter.add_files

    def recording(self: BlobWriter, paths: Sequence[Path], **options: Any) -> list[BlobInfo]:
        told.extend((path.name, str(like)) for path, like in zip(paths, options["like"], strict=True))
        return add_files(self, paths, **options)

    monkeypatch.setattr(BlobWriter, "add_files", recording)
    first = log(tmp_path, folder)
    assert told == [("a", "None"), ("b", "None"), ("c", "None")]
    told.clear()
    (folder / "b").write_text("other", encoding="utf-8")
    (folder / "d").write_text("new", encoding="utf-8")
    log(tmp_path, folder)
    assert told == [("b", str(first.entry("b").digest)), ("d", "None")]
