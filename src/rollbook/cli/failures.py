"""Errors as people and scripts read them, always on stderr, so that stdout holds an answer or nothing."""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Any

import typer

from rollbook.cli.words import visible
from rollbook.model.errors import InternalError, InvalidInput, RollbookError
from rollbook.model.release import __version__

DEBUG = "ROLLBOOK_DEBUG"


def show(error: RollbookError, *, as_json: bool) -> int:
    """Write an error to stderr.

    Args:
        error: What went wrong.
        as_json: Write `{"error": {"kind", "message", "hint", "exit_code"}}` instead of text.

    Returns:
        The exit code.
    """
    try:
        sys.stderr.write(_json(error) if as_json else _text(error))
        sys.stderr.flush()
    except OSError:
        pass  # nobody reads stderr: the exit code still tells
    return error.exit_code


def _json(error: RollbookError) -> str:
    facts = {"kind": error.kind, "message": error.message, "hint": error.hint, "exit_code": error.exit_code}
    return json.dumps({"error": facts}, indent=2, ensure_ascii=False) + "\n"


def _text(error: RollbookError) -> str:
    hint = f"  hint: {visible(error.hint)}\n" if error.hint else ""
    return f"error: {visible(error.message)}\n{hint}"


def of_usage(error: typer.TyperException) -> RollbookError:
    """A command line that cannot be understood, as the error that it is."""
    context: Any = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "rollbook"
    return InvalidInput(error.format_message(), hint=f"see '{path} --help'")


def of_bug(error: Exception) -> RollbookError:
    """An exception nobody meant, as the error that it is. With ROLLBOOK_DEBUG=1 its traceback goes to stderr."""
    if os.environ.get(DEBUG, "") not in ("", "0"):
        traceback.print_exception(error)
    return InternalError(
        f"{type(error).__name__}: {error}",
        hint=f"a bug in Rollbook {__version__}: run again with {DEBUG}=1 and please report what it prints",
    )
