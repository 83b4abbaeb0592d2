"""What a failing database means to the caller: the one place where its errors become Rollbook's."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import exc
from sqlalchemy.engine import ExceptionContext

from rollbook.model.errors import (
    Conflict,
    CorruptData,
    InternalError,
    InvalidInput,
    RollbookError,
    StorageFull,
    Unavailable,
)

_RETRY = "another process holds the lock; try again"
_SQLITE_BUSY = {5, 6}
_SQLITE_NO_SPACE = {8, 13}
_SQLITE_DAMAGED = {11, 26}
_SQLITE_CANNOT_OPEN = 14
_SQLITE_AWAY = {10, _SQLITE_CANNOT_OPEN}
_SQLITE_MEMORY_FILE_FULL = {4618, 4874, 5386}
"""SHMOPEN, SHMSIZE and SHMMAP: the index of the log could not grow, which is how SQLite sees a full disk there."""
_POSTGRES_OUT_OF_RANGE = "22003"
_POSTGRES_NO_SPACE = {"53100", "25006"}
_POSTGRES_BUSY_CLASSES = ("08", "40", "53", "55", "57")


def is_busy(error: RollbookError) -> bool:
    """Whether another process held a SQLite file, so that trying again helps."""
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in _SQLITE_BUSY


def on_error(context: ExceptionContext) -> None:
    """Raise the error of Rollbook's tree that a failure of the database means; others pass as they are."""
    error = context.original_exception
    if isinstance(error, RollbookError):
        raise error
    if context.is_pre_ping and context.is_disconnect:
        return  # the pool is looking whether an idle connection still lives, and makes another
    translated = _read_only(context) or _translate(error, context.sqlalchemy_exception)
    if translated is not None:
        raise translated from error


def _read_only(context: ExceptionContext) -> RollbookError | None:
    """SQLite says only that it cannot open a file, when what it cannot do is to make the log beside it."""
    path = context.engine and context.engine.url.database
    code = getattr(context.original_exception, "sqlite_errorcode", None)
    if code != _SQLITE_CANNOT_OPEN or not path or os.access(Path(path).parent, os.W_OK):
        return None
    return StorageFull(f"the directory of {path} cannot be written", hint="open the catalog for reading only")


def _translate(error: BaseException, wrapped: exc.StatementError | None) -> RollbookError | None:
    if isinstance(error, OverflowError) or getattr(error, "sqlstate", None) == _POSTGRES_OUT_OF_RANGE:
        return InvalidInput(f"a number does not fit into 64 bits: {error}", hint="between -2**63 and 2**63 - 1")
    if isinstance(wrapped, exc.IntegrityError):
        return _integrity(str(error))
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int):
        return _sqlite(code, str(error))
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return _postgres(state, str(error))
    if isinstance(wrapped, exc.InterfaceError | exc.OperationalError):  # no connection, or it broke
        return Unavailable(f"the catalog's database is away: {error}", hint="check that it runs; then try again")
    return None


def _integrity(message: str) -> RollbookError:
    if "foreign key" in message.lower():
        return InternalError(f"a row refers to one that does not exist: {message}", hint="please report this")
    return Conflict(f"the same fact was written twice: {message}", hint="re-read and try again")


def _sqlite(code: int, message: str) -> RollbookError | None:
    primary = code & 0xFF
    if primary in _SQLITE_BUSY:
        return Unavailable(f"the catalog is busy: {message}", hint=_RETRY)
    if primary in _SQLITE_NO_SPACE or code in _SQLITE_MEMORY_FILE_FULL:
        return StorageFull(f"the catalog cannot be written: {message}", hint="free space, or make it writable")
    if primary in _SQLITE_DAMAGED:
        return CorruptData(f"the catalog's file is damaged: {message}", hint="stop, and restore it from a backup")
    if primary in _SQLITE_AWAY:
        return Unavailable(f"the catalog's file cannot be used: {message}", hint="check the disk and permissions")
    return None


def _postgres(state: str, message: str) -> RollbookError | None:
    if state in _POSTGRES_NO_SPACE:
        return StorageFull(f"the catalog cannot be written: {message}", hint="free space, or make it writable")
    if state.startswith(_POSTGRES_BUSY_CLASSES):
        return Unavailable(f"the catalog is busy or away: {message}", hint=_RETRY)
    return None
