"""Shell completion."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROGRAM = "from rollbook.cli.main import run; run()"


def completed(line: str, folder: Path) -> list[str]:
    """What bash offers for a line whose last word is being typed."""
    words = line.split(" ")
    environment = {
        **os.environ,
        "_ROLLBOOK_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, cwd=folder, check=False
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture
def stocked(rollbook: Callable[..., Any], tmp_path: Path) -> Path:
    """A folder with a register of two collections."""
    (tmp_path / "data.csv").write_text("a\n1\n")
    assert rollbook("log", "data.csv", "--type", "dataset", "--name", "student_data", "--alias", "clean").code == 0
    assert rollbook("log", "data.csv", "--type", "model", "--name", "math_tutor", "-p", "math").code == 0
    return tmp_path


def test_commands_are_completed(tmp_path: Path) -> None:
    assert completed("rollbook pro", tmp_path) == ["provenance", "promote"]


def test_options_are_completed(tmp_path: Path) -> None:
    assert completed("rollbook log --data", tmp_path) == ["--data-class", "--data-dir"]


def test_collections_versions_and_aliases_are_completed(stocked: Path) -> None:
    assert completed("rollbook show stu", stocked) == ["student_data"]
    assert set(completed("rollbook show student_data:", stocked)) == {
        "student_data:v0",
        "student_data:latest",
        "student_data:clean",
    }


def test_the_project_at_hand_is_the_one_that_was_named(stocked: Path) -> None:
    assert completed("rollbook -p math history m", stocked) == ["math_tutor"]
    assert completed("rollbook history --project math m", stocked) == ["math_tutor"]
    assert completed("rollbook history m", stocked) == []


def test_where_there_is_no_register_nothing_is_offered(tmp_path: Path) -> None:
    assert completed("rollbook show x", tmp_path) == []
    assert not (tmp_path / "rollbook-data").exists()


def test_settings_that_are_wrong_are_not_told_while_typing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_PROJECT", "not a name")
    assert completed("rollbook show x", tmp_path) == []
    assert completed("rollbook show x:", tmp_path) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_is_made(shell: str, tmp_path: Path) -> None:
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "--show-completion", shell],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "_ROLLBOOK_COMPLETE" in done.stdout
