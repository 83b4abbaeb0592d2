"""Sources that cannot be logged get a named error, at once, and leave nothing behind."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from rollbook.blobs import Blobs, MemoryStore
from rollbook.blobs.source import WINDOW
from rollbook.model.errors import RollbookError, SourceChanged, SourceUnreadable


def refused(blobs: Blobs, path: Path) -> RollbookError:
    with blobs.writer() as writer, pytest.raises(SourceUnreadable) as caught:
        writer.add_file(path)
    return caught.value


def test_missing(blobs: Blobs, tmp_path):
    assert "No such file" in refused(blobs, tmp_path / "nothing").message


def test_folder(blobs: Blobs, tmp_path):
    assert "not a regular file" in refused(blobs, tmp_path).message


def test_fifo_does_not_hang(blobs: Blobs, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    assert "type 'p'" in refused(blobs, tmp_path / "fifo").message


def test_socket(blobs: Blobs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket")
        refused(blobs, tmp_path / "socket")


def test_device(blobs: Blobs):
    assert "type 'c'" in refused(blobs, Path("/dev/zero")).message


def test_name_with_a_null(blobs: Blobs):
    refused(blobs, Path("a\0b"))


def test_dangling_link(blobs: Blobs, tmp_path):
    (tmp_path / "link").symlink_to("nowhere")
    refused(blobs, tmp_path / "link")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(blobs: Blobs, tmp_path):
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "secret").chmod(0)
    assert "Permission denied" in refused(blobs, tmp_path / "secret").message


def test_a_failing_stream(blobs: Blobs):
    class Broken:
        name = "the tape"

        def read(self, _: int) -> bytes:
            raise OSError(5, "tape torn")

    with blobs.writer() as writer, pytest.raises(SourceUnreadable, match="the tape"):
        writer.add_stream(Broken())  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [1000, 3 * WINDOW])
@pytest.mark.parametrize("change", ["append", "truncate", "rewrite"])
def test_a_file_that_changes_while_it_is_read(
    blobs: Blobs, store: MemoryStore, noise, tmp_path, monkeypatch, size: int, change: str
):
    path = tmp_path / "growing"
    path.write_bytes(noise(size))
    original = os.readv
    calls = 0

    def readv(descriptor: int, buffers: list[memoryview]) -> int:
        nonlocal calls
        calls += 1
        got = original(descriptor, buffers)
        if calls == 1:
            with path.open("r+b") as file:
                if change == "append":
                    file.seek(0, os.SEEK_END)
                    file.write(b"more")
                elif change == "truncate":
                    file.truncate(size - 10)
                else:
                    file.write(b"other bytes")
            os.utime(path, ns=(1, 1))
        return got

    with blobs.writer() as writer:
        with monkeypatch.context() as patch:
            patch.setattr(os, "readv", readv)
            with pytest.raises(SourceChanged, match="changed while it was read"):
                writer.add_file(path)
        info = writer.add_file(path)
        writer.commit()
    assert blobs.read(info.digest, limit=10**9) == path.read_bytes()


def test_one_bad_file_among_good_ones_adds_none_of_them_by_return(blobs: Blobs, tmp_path):
    (tmp_path / "good").write_bytes(b"good")
    with blobs.writer() as writer:
        with pytest.raises(SourceUnreadable, match="bad"):
            writer.add_files([tmp_path / "good", tmp_path / "bad", tmp_path / "good"])
        assert writer.add_file(tmp_path / "good").size == 4
        writer.commit()


def test_links_to_files_are_read(blobs: Blobs, tmp_path):
    (tmp_path / "real").write_bytes(b"content")
    (tmp_path / "link").symlink_to("real")
    with blobs.writer() as writer:
        info = writer.add_file(tmp_path / "link")
        writer.commit()
    assert blobs.read(info.digest) == b"content"


@pytest.mark.parametrize(("edit", "passes"), [("nothing", 1), ("middle", 2), ("end", 1), ("start", 1)])
def test_a_large_file_is_hashed_beforehand_only_where_that_may_save_cutting_it(
    blobs: Blobs, noise, tmp_path, monkeypatch, edit: str, passes: int
):
    path = tmp_path / "large"
    data = noise(4 * WINDOW)
    path.write_bytes(data)
    with blobs.writer() as writer:
        writer.add_file(path)
        writer.commit()
    edits = {"nothing": data, "middle": data[:WINDOW] + b"x" + data[WINDOW:], "end": data + b"x", "start": b"x" + data}
    path.write_bytes(edits[edit])
    total = 0
    original = os.readv

    def readv(descriptor: int, buffers: list[memoryview]) -> int:
        nonlocal total
        got = original(descriptor, buffers)
        total += got
        return got

    monkeypatch.setattr(os, "readv", readv)
    with blobs.writer() as writer:
        info = writer.add_file(path)
        writer.commit()
    assert round(total / info.size) == passes
    assert b"".join(blobs.stream(info.digest)) == edits[edit]


def test_a_file_whose_end_shrinks_below_the_tail(blobs: Blobs, tmp_path, noise):
    """Reading the tail of a file that was cut short meanwhile gives nothing to cut."""
    path = tmp_path / "large"
    path.write_bytes(noise(2 * WINDOW))
    with blobs.writer() as writer:
        writer.add_file(path)
        writer.commit()
    original = os.lseek

    def lseek(descriptor: int, position: int, how: int) -> int:
        if position:
            os.truncate(path, 100)
        return original(descriptor, position, how)

    with pytest.MonkeyPatch.context() as patch, blobs.writer() as writer:
        patch.setattr(os, "lseek", lseek)
        with pytest.raises(SourceChanged):
            writer.add_file(path)
