"""Writing to stdout: JSON, text for a pipe, folding tables for a terminal. A reader that went away ends us quietly."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rollbook.model.errors import Unavailable

if TYPE_CHECKING:
    from rollbook.cli.layout import Block


class ReaderGone(Exception):
    """Whoever read stdout has closed it."""


def write_json(document: Mapping[str, Any]) -> None:
    """One JSON document; structs, digests and instants become plain values (`rollbook.cli.documents`)."""
    from rollbook.cli.documents import to_text

    write_text(to_text(document))


def write_blocks(blocks: Iterable[Block]) -> None:
    """What people read."""
    if watched():
        from rollbook.cli.terminal import write

        guarded(lambda: write(blocks))
        return
    from rollbook.cli.layout import plain

    write_text("".join(f"{line}\n" for line in plain(blocks)))


def write_text(text: str) -> None:
    """Text as it is; characters that the output's encoding lacks are escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    guarded(lambda: sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding)))


def watched() -> bool:
    """Whether a person looks at stdout."""
    return sys.stdout.isatty()


def flush() -> None:
    """Push out what is buffered."""
    guarded(sys.stdout.flush)


def guarded(act: Any) -> None:
    """Call `act`, which writes.

    Raises:
        ReaderGone: Nobody reads any more.
        Unavailable: The output cannot be written.
    """
    try:
        act()
    except BrokenPipeError:
        _abandon()
        raise ReaderGone from None
    except OSError as error:
        _abandon()
        reason = error.strerror or str(error)
        raise Unavailable(f"the answer cannot be written: {reason}", hint="see where stdout goes") from error


def _abandon() -> None:
    # The interpreter flushes stdout once more when it ends; that must not fail as well.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
