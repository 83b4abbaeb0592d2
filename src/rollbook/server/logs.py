"""The server's log: one JSON object per line, to standard error, written by a thread of its own.

A log that cannot be written (a full disk, a closed pipe, a reader that has stopped) costs lines, which are counted, and
never an answer.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from queue import Full, Queue
from types import TracebackType
from typing import Any

import structlog

from rollbook.model.errors import RollbookError
from rollbook.server.redaction import redact_value

MAX_WAITING = 10_000
"""Lines that may wait to be written."""
FLUSH_SECONDS = 2.0
_FRAMES = 30
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_OWN = "rollbook"


class Lines:
    """Writes lines without ever making the caller wait.

    Args:
        write: Writes one line; may fail, or block for ever.
        waiting: Most lines that wait.
    """

    def __init__(self, write: Callable[[bytes], object], waiting: int = MAX_WAITING) -> None:
        self._write = write
        self._queue: Queue[bytes] = Queue(waiting)
        self._lock = threading.Lock()
        self._lost = 0
        threading.Thread(target=self._work, name="rollbook-log", daemon=True).start()

    @property
    def lost(self) -> int:
        """Lines that were never written."""
        return self._lost

    def put(self, line: str) -> None:
        """Write a line soon, or drop it where too many wait."""
        try:
            self._queue.put_nowait(line.encode("utf-8", "replace") + b"\n")
        except Full:
            self._lose()

    def flush(self, seconds: float = FLUSH_SECONDS) -> None:
        """Wait until everything is written, but no longer than that."""
        done = threading.Event()
        waiter = threading.Thread(target=lambda: (self._queue.join(), done.set()), daemon=True)
        waiter.start()
        done.wait(seconds)

    def _work(self) -> None:
        while True:
            line = self._queue.get()
            try:
                self._write(line)
            except (OSError, ValueError):
                self._lose()
            finally:
                self._queue.task_done()

    def _lose(self) -> None:
        with self._lock:
            self._lost += 1


class _Logger:
    """What structlog calls at the end of its chain."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def msg(self, message: str) -> None:
        self._lines.put(message)

    debug = info = warning = error = critical = exception = msg


class _FromOthers(logging.Handler):
    """What libraries log. Their arguments may quote anything, so only the template of a message is kept."""

    def emit(self, record: logging.LogRecord) -> None:
        level = "error" if record.levelno >= logging.ERROR else "warning"
        logger = structlog.get_logger()
        kind, error, trail = record.exc_info or (None, None, None)
        facts = facts_of_error(error, trail) if kind is not None and error is not None else {}
        template = {"template": str(record.msg)[:500]} if record.args else {}
        getattr(logger, level)("library", library=record.name, **template, **facts)


def to_standard_error() -> Lines:
    """Lines that go to the file or pipe that the process was given for its errors."""
    return Lines(lambda line: _write_all(sys.stderr.fileno(), line))


def _write_all(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]


def configure(lines: Lines, level: str = "info") -> None:
    """Send everything that this process logs to these lines.

    Args:
        lines: Where it goes.
        level: The least that is worth a line: debug, info, warning or error.
    """
    structlog.configure(
        processors=[_stamp, structlog.processors.add_log_level, _without_messages, _redacted, _as_json],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=lambda *_names: _Logger(lines),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_FromOthers(logging.WARNING)]
    root.setLevel(logging.WARNING)
    logging.raiseExceptions = False


def facts_of_error(error: BaseException, trail: TracebackType | None = None) -> dict[str, Any]:
    """What may be logged of an exception: its kind and where it happened, but not what it says.

    The message of an exception that nobody foresaw may quote whatever was being worked on: a row, a document, a key.
    Our own errors say what an operator needs, and are redacted.
    """
    facts: dict[str, Any] = {"error": type(error).__name__}
    if isinstance(error, RollbookError):
        return facts | {"error": error.kind, "message": error.message}
    if isinstance(error, OSError) and error.errno is not None:
        facts["errno"] = error.errno
    frames = traceback.extract_tb(trail or error.__traceback__)[-_FRAMES:]
    facts["frames"] = [f"{_module(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
    cause = error.__cause__ or error.__context__
    return facts | ({"cause": type(cause).__name__} if cause is not None else {})


def _module(path: str) -> str:
    """The end of a path: packages, but not where this machine keeps them."""
    parts = path.rsplit("/", 4)
    for root in ("site-packages", "src"):
        if root in parts:
            return "/".join(parts[parts.index(root) + 1 :])
    return "/".join(parts[-2:])


def _stamp(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {"time": datetime.now(tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"), **event}


def _without_messages(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put what may be said of an exception in place of the exception."""
    given = event.pop("exc_info", None)
    if not given:
        return event
    error = given if isinstance(given, BaseException) else sys.exc_info()[1]
    return {**event, **(facts_of_error(error) if error is not None else {})}


def _redacted(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: redact_value(value) for name, value in event.items()}


def _as_json(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=True, default=str)
