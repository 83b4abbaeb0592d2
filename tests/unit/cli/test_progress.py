"""The byte counter."""

from __future__ import annotations

import io
import sys

import pytest

from rollbook.cli.progress import counting


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_is_shown_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    target = io.StringIO()
    monkeypatch.setattr(sys, "stderr", target)
    with counting("checked") as count:
        assert count is None
    assert target.getvalue() == ""


def test_a_watcher_sees_a_line_that_is_gone_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    target = Terminal()
    monkeypatch.setattr(sys, "stderr", target)
    with counting("checked") as count:
        assert count is not None
        count(1_500_000)
        count(1)  # too soon to be shown
    assert target.getvalue() == "\r\x1b[Kchecked 1.5 MB\r\x1b[K"
