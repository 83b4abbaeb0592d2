"""Every error Rollbook raises on purpose, grouped by what the person or program that catches it does next.

A message names the offending value; `hint` names the likely fix. `kind` is a stable machine-readable word: kinds are
append-only and pinned by a test, because clients branch on them.
"""

from __future__ import annotations

from typing import ClassVar


class RollbookError(Exception):
    """Base of the tree. Catch this to catch everything that Rollbook raises on purpose.

    Attributes:
        kind: Stable machine-readable word for the error.
        message: What is wrong, with the offending value.
        hint: The likely fix, or an empty string.
    """

    kind: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class InvalidInput(RollbookError):
    """The call is wrong and will stay wrong: fix the call."""

    kind = "invalid_input"
    exit_code = 2


class InvalidName(InvalidInput):
    """A name breaks the naming rule or is reserved."""

    kind = "invalid_name"


class InvalidReference(InvalidInput):
    """A reference does not follow the grammar."""

    kind = "invalid_reference"


class InvalidTable(InvalidInput):
    """A table does not have the columns, types or values that its use needs."""

    kind = "invalid_table"


class SourceUnreadable(InvalidInput):
    """A file or folder to be logged is missing, unreadable or not a regular file."""

    kind = "source_unreadable"


class SourceChanged(InvalidInput):
    """A file changed while it was read; nothing was logged."""

    kind = "source_changed"


class JoinMismatch(InvalidInput):
    """A roster and an evaluation name different students."""

    kind = "join_mismatch"


class UnlikeProtocols(InvalidInput):
    """Evaluations made under different protocols were asked to be ranked."""

    kind = "unlike_protocols"


class MissingExtra(InvalidInput):
    """An optional part of Rollbook is needed and not installed."""

    kind = "missing_extra"


class TooLarge(InvalidInput):
    """What was sent is larger than may be sent at once."""

    kind = "too_large"


class MissingBytes(InvalidInput):
    """A version names bytes that are not stored, or not any more: send them, and try again."""

    kind = "missing_bytes"


class Unauthenticated(RollbookError):
    """Nobody is logged in: present a key."""

    kind = "unauthenticated"
    exit_code = 3


class Forbidden(RollbookError):
    """The actor may not do this."""

    kind = "forbidden"
    exit_code = 3


class NotFound(RollbookError):
    """No such thing, or none that this actor may know of."""

    kind = "not_found"
    exit_code = 4


class AlreadyExists(RollbookError):
    """The name is taken."""

    kind = "already_exists"
    exit_code = 5


class Conflict(RollbookError):
    """The world moved: re-read and retry."""

    kind = "conflict"
    exit_code = 5


class FinalOpened(Conflict):
    """A dataset that answers one question only has answered another one already."""

    kind = "final_opened"


class GateRefused(RollbookError):
    """A promotion was refused by its gates."""

    kind = "gate_refused"
    exit_code = 6


class CorruptData(RollbookError):
    """Stored bytes do not match their digest: stop and tell an operator."""

    kind = "corrupt_data"
    exit_code = 7


class UnsupportedFormat(CorruptData):
    """The data directory or a file in it was written by a newer release."""

    kind = "unsupported_format"


class Unavailable(RollbookError):
    """A resource is busy, full or away: retry later."""

    kind = "unavailable"
    exit_code = 8


class StorageFull(Unavailable):
    """The disk is full, read-only or over quota; nothing was changed."""

    kind = "storage_full"


class TooManyRequests(Unavailable):
    """Too much was asked in too short a time.

    Attributes:
        retry_after: Seconds after which there is room again.
    """

    kind = "too_many_requests"

    def __init__(self, message: str, *, hint: str = "", retry_after: float = 1) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class InternalError(RollbookError):
    """A bug in Rollbook."""

    kind = "internal_error"
    exit_code = 9


def error_of(kind: str, message: str, hint: str = "") -> RollbookError:
    """The error of a kind, as a document names it; a kind that this release does not know is the base of the tree."""
    return _KINDS.get(kind, RollbookError)(message, hint=hint)


def _tree(root: type[RollbookError]) -> dict[str, type[RollbookError]]:
    found = {root.kind: root}
    for below in root.__subclasses__():
        found |= _tree(below)
    return found


_KINDS = _tree(RollbookError)
