"""Exit codes: what a script can branch on."""

from __future__ import annotations

from collections.abc import Mapping

DONE = 0
NOT_WELL = 1
DAMAGED = 7
INTERRUPTED = 130
READER_GONE = 141

EXIT_CODES: Mapping[int, str] = {
    DONE: "done",
    NOT_WELL: "doctor: a check failed",
    2: "the call is wrong: fix it",
    3: "not allowed, or nobody is logged in",
    4: "no such thing",
    5: "the name is taken, or the world moved: look again and retry",
    6: "refused by a gate",
    DAMAGED: "stored data is damaged or from a newer release: stop and look",
    8: "busy, full or away: nothing changed, retry later",
    9: "a bug in Rollbook",
    INTERRUPTED: "interrupted",
    READER_GONE: "the reader of the output went away, as in 'rollbook ls | head'",
}
"""Those of errors are `exit_code` in `rollbook.model.errors`."""


def epilog() -> str:
    """The part of `rollbook --help` that follows the commands."""
    lines = [f"{code:>3}  {meaning}" for code, meaning in EXIT_CODES.items()]
    return "\n".join(["\b", "Exit codes:", *lines])
