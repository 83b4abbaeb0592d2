"""The list of commands is written down; these hold it to the commands."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from rollbook.cli import commands, manual
from rollbook.cli.answers import ANSWERS
from rollbook.cli.index import COMMANDS
from rollbook.cli.lazy import load


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_is_the_first_sentence_of_the_help(name: str) -> None:
    function = getattr(import_module(f"rollbook.cli.commands.{COMMANDS[name].module}"), name.rpartition(" ")[2])
    help_text = inspect.getdoc(function) or ""
    first = help_text.partition("\n\n")[0].replace("\n", " ")
    summary = COMMANDS[name].summary
    assert first.startswith(summary.rstrip(".")), first


def test_no_command_module_is_left_out() -> None:
    assert commands.__file__ is not None
    modules = {path.stem for path in Path(commands.__file__).parent.glob("*.py")} - {"__init__"}
    assert modules == {listed.module for listed in COMMANDS.values()}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_takes_the_shared_options_and_explains_every_own_one(name: str) -> None:
    command = load(name)
    options = {option for parameter in command.params for option in parameter.opts}
    assert {"--data-dir", "--server", "--project", "--json"} <= options
    assert [parameter.name for parameter in command.params if not parameter.help and manual.is_shown(parameter)] == []


def test_each_command_documents_its_answer() -> None:
    assert ANSWERS.keys() == COMMANDS.keys()


def test_the_manual_is_what_the_commands_say(root: Path) -> None:
    written = (root / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == manual.page(), "run: python -m rollbook.cli.manual > docs/cli.md"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["log", "--help"], ["nothing"]])
def test_help_and_mistakes_import_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; from rollbook.cli.main import execute; execute(sys.argv[1:]); "
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    loaded = {line.partition(".")[0] for line in done.stderr.splitlines()}
    assert "typer" in loaded
    assert loaded & {"rich", "pydantic", "numpy", "pyarrow", "sqlalchemy", "scipy", "narwhals"} == set()


def test_a_command_is_read_without_pydantic(tmp_path: Path) -> None:
    program = (
        "import sys; from rollbook.cli.main import execute; execute(sys.argv[1:]); "
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    arguments = ["init", "data", "--json", "--project", "math"]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "rollbook.sdk.embedded" in done.stderr.splitlines()
    assert "pydantic" not in done.stderr.splitlines()
