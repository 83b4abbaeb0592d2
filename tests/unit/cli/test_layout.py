"""Blocks as plain text and on a terminal."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from rollbook.cli import terminal
from rollbook.cli.layout import Block, Facts, Heading, Table, plain, width

TABLE = Table(("name", "size"), (("a", "1 B"), ("long name", "12 kB")), right=("size",))


def test_a_table_is_aligned_and_has_no_trailing_space() -> None:
    assert list(plain([TABLE])) == ["name        size", "a            1 B", "long name  12 kB"]


def test_facts_align_their_values_and_indent_further_lines() -> None:
    assert list(plain([Facts((("a", "1"), ("long", "2\n3")))])) == ["  a     1", "  long  2", "        3"]


def test_a_table_without_rows_shows_what_there_could_be() -> None:
    assert list(plain([Table(("collection", "type"), ())])) == ["collection  type"]


def test_wide_and_combining_letters_keep_columns_straight() -> None:
    lines = list(plain([Table(("a", "b"), (("数学", "x"), ("e\u0301", "y"), ("plain", "z")))]))
    assert len({width(line.rpartition(" ")[0]) for line in lines[1:]}) == 1


def test_control_characters_never_reach_a_terminal() -> None:
    evil = "\x1b]0;title\x07"
    blocks: list[Block] = [evil, Heading(evil), Facts(((evil, evil),)), Table(("a",), ((evil,),))]
    assert not any("\x1b" in line for line in plain(blocks[:2] + blocks[3:]))
    target = io.StringIO()
    terminal.write(blocks[:2] + blocks[3:], Console(file=target, force_terminal=False, width=40))
    assert "\x1b" not in target.getvalue()


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_terminal_is_never_exceeded(columns: int) -> None:
    target = io.StringIO()
    table = Table(("what", "why"), (("x" * 70, "a reason of several words " * 8),))
    terminal.write([table, Facts((("label", "y" * 200),)), Heading("h")], Console(file=target, width=columns))
    lines = target.getvalue().splitlines()
    assert max(len(line) for line in lines) <= columns
    assert "x" * 10 in target.getvalue()


def test_where_room_is_short_the_prose_folds_and_numbers_stay_whole() -> None:
    target = io.StringIO()
    table = Table(("model", "value", "note"), (("m:v0", "0.805 [0.719, 0.869]", "below the minimum " * 5),))
    terminal.write([table], Console(file=target, width=60))
    assert "m:v0   0.805 [0.719, 0.869]  below the minimum" in target.getvalue()
    assert len(target.getvalue().splitlines()) > 3


def test_no_meaning_is_carried_by_colour() -> None:
    with_colour, without = io.StringIO(), io.StringIO()
    blocks: list[Block] = [Heading("head"), TABLE, Facts((("a", "b"),))]
    terminal.write(blocks, Console(file=with_colour, force_terminal=True, width=60, color_system="standard"))
    terminal.write(blocks, Console(file=without, width=60, no_color=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", with_colour.getvalue()) == without.getvalue()


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=5))
def test_each_row_of_a_table_is_one_line(rows: list[tuple[str, str]]) -> None:
    assert len(list(plain([Table(("a", "b"), tuple(rows))]))) == len(rows) + 1
