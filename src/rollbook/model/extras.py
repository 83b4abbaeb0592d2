"""Optional parts: one way to say which extra is missing."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from rollbook.model.errors import MissingExtra


@contextmanager
def needs_extra(extra: str) -> Generator[None]:
    """Turn a failed import inside the block into advice.

    Raises:
        MissingExtra: A library is not installed; the hint says what to install.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "rollbook":
            raise
        raise MissingExtra(
            f"this needs {error.name!r}, which is not installed", hint=f"pip install 'rollbook[{extra}]'"
        ) from error
