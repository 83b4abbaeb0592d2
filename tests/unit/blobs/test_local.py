"""The local store: modes, order of publication, foreign files, errors of the operating system."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from rollbook.blobs import LocalStore
from rollbook.blobs.store import read_exact
from rollbook.model.errors import CorruptData, RollbookError, StorageFull, Unavailable
from rollbook.testing.stores import put

NAME = "packs/ab/ab12.pack"


def temporary(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "tmp").iterdir())


def test_modes_keep_others_out(tmp_path):
    root = tmp_path / "a" / "store"
    put(LocalStore(root), NAME, b"x")
    for path in (root, root / "tmp", root / "packs", root / "packs/ab"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((root / NAME).stat().st_mode) == 0o600


def test_publishes_in_the_order_that_survives_power_cuts(tmp_path, monkeypatch):
    steps: list[str] = []
    original_fsync, original_link = os.fsync, os.link

    def fsync(descriptor: int) -> None:
        steps.append("fsync " + str(Path(f"/proc/self/fd/{descriptor}").readlink()).removeprefix(str(tmp_path)))
        original_fsync(descriptor)

    def link(source: Path, target: Path, **options: bool) -> None:
        steps.append(f"link {str(target).removeprefix(str(tmp_path))}")
        original_link(source, target, **options)

    store = LocalStore(tmp_path / "store", token=lambda: "t")
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "link", link)
    put(store, NAME, b"x")
    assert steps == [
        "fsync ",
        "fsync /store/tmp/t.part",
        "fsync /store",
        "fsync /store/packs",
        "link /store/packs/ab/ab12.pack",
        "fsync /store/packs/ab",
        "fsync /store/packs",
        "fsync /store",
    ]
    assert temporary(tmp_path / "store") == []


def test_an_existing_folder_is_not_taken_for_durable(tmp_path, monkeypatch):
    """Another process may have made it a moment ago, and not synced it yet."""
    put(LocalStore(tmp_path), NAME, b"x")
    synced: list[str] = []
    original = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        original(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    LocalStore(tmp_path).settle([NAME])
    assert synced == [str(tmp_path / "packs/ab"), str(tmp_path / "packs"), str(tmp_path)]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EROFS, StorageFull),
        (errno.EACCES, StorageFull),
        (errno.EIO, Unavailable),
        (errno.EMFILE, Unavailable),
    ],
)
@pytest.mark.parametrize("call", ["open", "writev", "fsync", "link"])
def test_errors_of_the_system_get_names_and_leave_nothing(tmp_path, monkeypatch, call, number, expected):
    store = LocalStore(tmp_path)
    put(store, "packs/ab/other.pack", b"x")

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(RollbookError) as caught:
            put(store, NAME, b"bytes")
    assert type(caught.value) is expected
    assert os.strerror(number) in caught.value.message
    assert caught.value.hint
    assert store.size(NAME) is None
    assert temporary(tmp_path) == []
    put(store, NAME, b"bytes")


def test_a_full_disk_says_how_much_is_free(tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "")

    monkeypatch.setattr(os, "writev", fail)
    with pytest.raises(StorageFull, match=r"\d bytes free"):
        put(LocalStore(tmp_path), NAME, b"bytes")


def test_a_failed_fsync_is_never_repeated(tmp_path, monkeypatch):
    calls = 0

    def fail(_: int) -> None:
        nonlocal calls
        calls += 1
        raise OSError(errno.EIO, "")

    store = LocalStore(tmp_path)
    writer = store.create()
    writer.write([b"bytes"])
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(Unavailable):
        writer.publish(NAME)
    with pytest.raises(Unavailable, match="already published, discarded or failed"):
        writer.publish(NAME)
    assert calls == 1


def test_short_writes_are_continued(tmp_path, monkeypatch):
    original = os.writev

    def writev(descriptor: int, pieces: list[memoryview]) -> int:
        return original(descriptor, [pieces[0][:3]])

    monkeypatch.setattr(os, "writev", writev)
    store = LocalStore(tmp_path)
    put(store, NAME, b"a", b"bcdefgh", b"", b"ij")
    assert bytes(read_exact(store, NAME, 0, 10)) == b"abcdefghij"


def test_stray_temporary_files_are_reaped_after_a_day(tmp_path):
    store = LocalStore(tmp_path)
    put(store, NAME, b"x")
    day = 24 * 3600
    for name, age in (("old.part", day + 1), ("young.part", day - 60), ("foreign.txt", 9 * day)):
        (tmp_path / "tmp" / name).write_bytes(b"x")
        os.utime(tmp_path / "tmp" / name, (10 * day - age, 10 * day - age))
    assert store.reap(10.0 * day) == 1
    assert temporary(tmp_path) == ["foreign.txt", "young.part"]


def test_reaping_a_store_that_does_not_exist(tmp_path):
    assert LocalStore(tmp_path / "none").reap(0) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["symlink", "folder", "fifo"])
def test_what_is_no_regular_file_is_refused(tmp_path, kind: str):
    path = tmp_path / NAME
    path.parent.mkdir(parents=True)
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    if kind == "symlink":
        path.symlink_to(secret)
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    store = LocalStore(tmp_path)
    with pytest.raises(CorruptData, match="not a regular file"):
        store.read_into(NAME, 0, memoryview(bytearray(6)))
    with pytest.raises(CorruptData):
        store.size(NAME)
    with pytest.raises(CorruptData):
        put(store, NAME, b"secret")


def test_hidden_and_linked_folders_are_not_listed(tmp_path):
    store = LocalStore(tmp_path)
    put(store, NAME, b"x")
    (tmp_path / "packs" / ".hidden").write_bytes(b"")
    (tmp_path / "packs" / "loop").symlink_to(tmp_path / "packs")
    assert set(store.list("packs/")) == {NAME, "packs/loop"}


def test_a_writer_is_used_up(tmp_path):
    store = LocalStore(tmp_path)
    writer = store.create()
    writer.publish(NAME)
    writer.publish(NAME)
    with pytest.raises(Unavailable, match="already published"):
        writer.write([b"more"])
