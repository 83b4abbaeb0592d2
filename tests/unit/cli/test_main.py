"""Endings: every way a call can end has its exit code, and errors are on stderr alone."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollbook.cli import exits, main
from rollbook.cli.commands import ls
from rollbook.model import errors

Rollbook = Callable[..., Any]


def kinds(kind: type[errors.RollbookError]) -> list[type[errors.RollbookError]]:
    return [kind, *(found for below in kind.__subclasses__() for found in kinds(below))]


TREE = [kind for kind in kinds(errors.RollbookError) if kind.__module__ == errors.__name__]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Let `rollbook ls --projects` raise."""

    def fail(error: BaseException) -> None:
        def raising(*_: object) -> None:
            raise error

        monkeypatch.setattr(ls, "_projects", raising)

    return fail


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.kind)
def test_each_error_ends_with_its_code_and_says_what_to_do(
    kind: type[errors.RollbookError], rollbook: Rollbook, failing: Callable[[BaseException], None]
) -> None:
    failing(kind("what is wrong", hint="how to mend it"))
    ended = rollbook("ls", "--projects")
    assert (ended.code, ended.out) == (kind.exit_code, "")
    assert ended.err == "error: what is wrong\n  hint: how to mend it\n"


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.kind)
def test_with_json_an_error_is_one_document_on_stderr(
    kind: type[errors.RollbookError], rollbook: Rollbook, failing: Callable[[BaseException], None]
) -> None:
    failing(kind("what", hint="how"))
    ended = rollbook("ls", "--projects", "--json")
    facts = {"kind": kind.kind, "message": "what", "hint": "how", "exit_code": kind.exit_code}
    assert (ended.code, ended.out) == (kind.exit_code, "")
    assert json.loads(ended.err) == {"error": facts}


def test_every_exit_code_of_an_error_is_explained() -> None:
    assert {kind.exit_code for kind in TREE} <= exits.EXIT_CODES.keys()


def test_help_lists_every_exit_code(rollbook: Rollbook) -> None:
    ended = rollbook("--help")
    assert ended.code == 0
    for code, meaning in exits.EXIT_CODES.items():
        assert f"{code:>3}  {meaning}" in ended.out


def test_nothing_asked_is_help(rollbook: Rollbook) -> None:
    assert rollbook() == rollbook("--help")


def test_the_release_is_told(rollbook: Rollbook) -> None:
    from rollbook.model.release import __version__

    assert rollbook("--version") == (0, f"rollbook {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["shwo"], "Did you mean 'show'?"),
        (["ls", "--nothing"], "--nothing"),
        (["show"], "REF|RUN"),
        (["show", "a", "b"], "b"),
        (["lineage", "x", "--depth", "deep"], "'deep' is not a whole number"),
        (["compare"], "REF"),
    ],
)
def test_a_call_that_cannot_be_understood_ends_with_2(arguments: list[str], message: str, rollbook: Rollbook) -> None:
    ended = rollbook(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert "--help'" in ended.err
    as_json = rollbook(*arguments, "--json")
    assert json.loads(as_json.err)["error"]["kind"] == "invalid_input"


def test_a_bug_is_told_as_one_without_a_traceback(rollbook: Rollbook, failing: Callable[[BaseException], None]) -> None:
    failing(ZeroDivisionError("division by zero"))
    ended = rollbook("ls", "--projects")
    assert (ended.code, ended.out) == (9, "")
    assert ended.err.startswith("error: ZeroDivisionError: division by zero\n  hint: a bug in Rollbook")
    assert "Traceback" not in ended.err


def test_a_bug_shows_its_traceback_on_request(
    rollbook: Rollbook, failing: Callable[[BaseException], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLBOOK_DEBUG", "1")
    failing(ZeroDivisionError("division by zero"))
    assert "Traceback" in rollbook("ls", "--projects").err


def test_an_interruption_ends_with_130(rollbook: Rollbook, failing: Callable[[BaseException], None]) -> None:
    failing(KeyboardInterrupt())
    assert rollbook("ls", "--projects").code == 130


def test_an_error_cannot_steer_the_terminal(rollbook: Rollbook, failing: Callable[[BaseException], None]) -> None:
    failing(errors.NotFound("no \x1b[2J", hint="see \x1b[0m"))
    assert "\x1b" not in rollbook("ls", "--projects").err


def test_shared_options_stand_before_or_behind_the_command(rollbook: Rollbook, tmp_path: Path) -> None:
    rollbook("init", "elsewhere")
    before = rollbook("--data-dir", "elsewhere", "--json", "--project", "math", "ls", "--projects")
    behind = rollbook("ls", "--projects", "--data-dir", "elsewhere", "--json", "-p", "math")
    assert before == behind == (0, '{\n  "projects": []\n}\n', "")


def test_without_a_data_directory_the_fix_is_named(rollbook: Rollbook) -> None:
    ended = rollbook("ls")
    assert ended.code == 4
    assert "rollbook init" in ended.err


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    program = "from rollbook.cli.main import run; run()"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", program, "--help"], stdout=writer, stderr=subprocess.PIPE, cwd=tmp_path, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (exits.READER_GONE, b"")


def test_an_output_that_is_full_is_told(tmp_path: Path) -> None:
    program = "from rollbook.cli.main import run; run()"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program, "--version"], stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, check=False
        )
    assert done.returncode == 8
    assert done.stderr.startswith(b"error: the answer cannot be written: No space left on device\n")
    assert b"Traceback" not in done.stderr


def test_an_output_without_unicode_is_escaped_not_refused(tmp_path: Path) -> None:
    program = "from rollbook.cli.output import write_text; write_text('└─ é\\n')"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, env=environment, check=True)
    assert done.stdout == b"\\u2514\\u2500 \\xe9\n"


def test_the_program_does_not_search_what_it_imported_for_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    threshold = gc.get_threshold()
    monkeypatch.setattr(sys, "argv", ["rollbook", "--version"])
    try:
        with pytest.raises(SystemExit) as ended:
            main.run()
        assert ended.value.code == exits.DONE
        assert gc.get_threshold()[0] > threshold[0]
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.set_threshold(*threshold)
