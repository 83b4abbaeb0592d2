"""Reading ahead: another process stores the bytes; this one finds them, and does without where it cannot."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from rollbook.cli.main import execute
from rollbook.sdk import ahead, filecache, settings, upload
from rollbook.sdk.ahead import reading_ahead

DATA = b"0123456789abcdef" * 4096


@pytest.fixture(autouse=True)
def register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ahead, "WORTH_BYTES", 1000)
    monkeypatch.setattr(filecache, "TICK_NS", 0)
    assert execute(["init"]) == 0
    (tmp_path / "model.bin").write_bytes(DATA)
    return tmp_path / "rollbook-data"


def log(*arguments: str) -> int:
    return execute(["log", "model.bin", "--name", "model", "--type", "model", *arguments])


@pytest.fixture
def read_here(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files each upload of this process had to read."""
    counts: list[int] = []
    original = upload.FileCache.last

    def counted(self: filecache.FileCache, path: filecache.FilePath) -> filecache.Digest | None:
        counts.append(os.getpid())
        return original(self, path)

    monkeypatch.setattr(upload.FileCache, "last", counted)
    return counts


def test_the_other_process_reads_and_this_one_finds(read_here: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    assert log() == 0
    assert read_here == [], "the count in the other process is the other process's"
    assert "model:v0" in capsys.readouterr().out
    assert execute(["verify"]) == 0
    assert execute(["get", "model", "--to", "back"]) == 0
    assert Path("back/model.bin").read_bytes() == DATA


def test_small_files_are_read_here(
    read_here: list[int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ahead, "WORTH_BYTES", len(DATA) + 1)
    assert log() == 0
    assert read_here == [os.getpid()]


def test_without_the_file_cache_nothing_is_read_ahead(read_here: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_FILE_CACHE", "off")
    assert log() == 0
    assert read_here == [os.getpid()]


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that were made."""
    made: list[int] = []
    fork = os.fork

    def recorded() -> int:
        made.append(fork())
        return made[-1]

    monkeypatch.setattr(os, "fork", recorded)
    return made


def test_what_fails_in_the_other_process_is_done_here(read_here: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(ahead, "_store", broken)
    assert log() == 0
    assert read_here == [os.getpid()]


def test_a_command_that_fails_leaves_no_process(forked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_store", lambda *_: time.sleep(60))
    started = time.monotonic()
    with pytest.raises(ZeroDivisionError), reading_ahead(settings.resolve(), "model.bin"):
        raise ZeroDivisionError
    assert time.monotonic() - started < 30
    with pytest.raises(ChildProcessError):
        os.waitpid(forked[0], os.WNOHANG)


def test_a_process_that_was_killed_is_not_waited_for(forked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_store", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    with reading_ahead(settings.resolve(), "model.bin") as stored:
        stored()
    with pytest.raises(ChildProcessError):
        os.waitpid(forked[0], os.WNOHANG)


def test_what_is_not_there_is_told_as_ever(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["log", "absent.bin", "--name", "model", "--type", "model"]) == 2
    assert "absent.bin" in capsys.readouterr().err
