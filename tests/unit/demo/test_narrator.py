from __future__ import annotations

import io

import pytest
from rich.console import Console

from rollbook.demo.narrator import Narrator


def _told(width: int = 60) -> tuple[Narrator, io.StringIO]:
    out = io.StringIO()
    return Narrator(Console(file=out, width=width, highlight=False)), out


def test_chapters_are_numbered() -> None:
    tell, out = _told()
    tell.chapter("Data")
    tell.chapter("Models")
    assert out.getvalue().split("\n") == ["", "1. Data", "", "2. Models", ""]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_paragraphs_are_indented_and_fit(width: int) -> None:
    tell, out = _told(width)
    tell.say("word " * 60)
    lines = out.getvalue().splitlines()
    assert len(lines) > 1
    assert all(line.startswith("   word") and len(line) <= width for line in lines)


def test_brackets_are_text_not_markup() -> None:
    tell, out = _told()
    tell.say("pip install 'rollbook[torch]'")
    assert out.getvalue() == "   pip install 'rollbook[torch]'\n"


def test_commands_are_never_wrapped_and_comments_align() -> None:
    tell, out = _told(40)
    tell.type(
        [("rollbook ls", "all"), ("rollbook compare a:v0 b:v0 --by gender,race --json", ""), ("rollbook get", "x")]
    )
    assert out.getvalue().splitlines() == [
        "   rollbook ls   # all",
        "   rollbook compare a:v0 b:v0 --by gender,race --json",
        "   rollbook get  # x",
    ]


def test_a_table_shows_every_cell_whole() -> None:
    tell, out = _told()
    tell.table(("name", "n"), [("dropout_model:v0", "2,388"), ("[b]", "7")], left=1)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert lines == ["   name                  n", "   dropout_model:v0  2,388", "   [b]                   7"]


def test_without_a_terminal_a_spinner_prints_nothing() -> None:
    tell, out = _told()
    with tell.doing("training"):
        pass
    assert out.getvalue() == ""
