"""What documents say to type exists: recipes, commands, options, Python names and links."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import rollbook
from rollbook.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def blocks(page: Path, *languages: str) -> Iterator[str]:
    for language, text in re.findall(
        r"^```(\w*)\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    ):
        if language in languages:
            yield text


def shell_lines(page: Path) -> list[list[str]]:
    """The words of each line of shell, lines that go on joined."""
    text = "\n".join(blocks(page, "sh", "bash", "console")).replace("\\\n", " ")
    return [shlex.split(line.removeprefix("$ "), comments=True) for line in text.splitlines() if line.strip()]


def cli_lines(page: Path) -> list[list[str]]:
    lines = [words[1:] if words[:2] == ["./run", "rollbook"] else words for words in shell_lines(page)]
    return [words for words in lines if words and words[0] == "rollbook"]


def options_of(command: Any) -> set[str]:
    return {name for option in command.params for name in [*option.opts, *option.secondary_opts]} | {"--help", "-h"}


def named(group: Any, context: Any, words: list[str]) -> Any:
    """The command that these words name, which may have two words of its own."""
    command = group
    for word in words:
        if word in getattr(command, "commands", {}):
            command = command.get_command(context, word)
    return command


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_recipes_exist(page: Path) -> None:
    recipes = set(re.findall(r"^# ([a-z]+) ", (ROOT / "run").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"\./run ([a-z]+)", page.read_text(encoding="utf-8")))
    assert named - recipes == set()


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_take_the_options_that_are_shown(page: Path) -> None:
    group: Any = typer.main.get_command(app)
    context = typer.Context(group)
    for words in cli_lines(page):
        names = [word for word in words[1:] if word in group.commands]
        shown = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        known = options_of(group).union(*(options_of(named(group, context, words[1:])) for _ in names[:1]))
        assert names or shown, f"no command in {shlex.join(words)!r}"
        assert shown - known == set(), shlex.join(words)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_python_compiles_and_names_what_exists(page: Path) -> None:
    for block in blocks(page, "python", "py"):
        compile(block, str(page), "exec")
        assert set(re.findall(r"\brollbook\.([A-Za-z_]+)\(", block)) - set(rollbook.__all__) == set()


def test_a_newcomer_is_told_two_commands_first() -> None:
    assert [words for words in shell_lines(ROOT / "README.md") if words[0] == "./run"][:2] == [
        ["./run", "demo"],
        ["./run", "test"],
    ]


def test_the_glossary_has_one_entry_for_a_word() -> None:
    words = re.findall(r"\*\*(.+?)\*\*:?", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))
    assert [word for word, times in Counter(words).items() if times > 1] == []
    assert len(words) > 50
