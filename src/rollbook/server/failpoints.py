"""What a test may do to a server at a failpoint: `ROLLBOOK_FAIL=STEP:kill`, `STEP:eio` or `STEP:delay:MILLISECONDS`.

Several are separated by commas, and each may end with `@N`: only the N-th time (from 1). The environment is read only
by a server that was started with `--enable-failpoints`.
"""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from typing import get_args

import msgspec

from rollbook.model import failpoints
from rollbook.model.errors import InvalidInput
from rollbook.model.failpoints import Failpoint

VARIABLE = "ROLLBOOK_FAIL"
STEPS: tuple[Failpoint, ...] = get_args(Failpoint)
MAX_DELAY = 60_000


class Failure(msgspec.Struct, frozen=True):
    """What happens at a step.

    Attributes:
        step: Where.
        act: `kill`, `eio` or `delay`.
        milliseconds: How long a delay takes.
        nth: The only time it happens, from 1; 0 for every time.
    """

    step: Failpoint
    act: str
    milliseconds: int = 0
    nth: int = 0


def parse(text: str) -> tuple[Failure, ...]:
    """Read what the environment asks for.

    Raises:
        InvalidInput: A step or an act does not exist.
    """
    return tuple(_failure(part.strip()) for part in text.split(",") if part.strip())


def enable(text: str) -> None:
    """Arm what the environment asked for, or nothing.

    Raises:
        InvalidInput: A step or an act does not exist.
    """
    planned = parse(text)
    failpoints.arm(_Plan(planned).reached if planned else None)


class _Plan:
    def __init__(self, planned: tuple[Failure, ...]) -> None:
        self._planned = planned
        self._counts: dict[Failpoint, int] = {}
        self._lock = threading.Lock()

    def reached(self, step: Failpoint) -> None:
        with self._lock:
            count = self._counts[step] = self._counts.get(step, 0) + 1
        for failure in self._planned:
            if failure.step == step and failure.nth in (0, count):
                _act(failure)


def _act(failure: Failure) -> None:
    match failure.act:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)  # the signal is on its way; nothing may happen after it
        case "delay":
            time.sleep(failure.milliseconds / 1000)
        case _:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


def _failure(text: str) -> Failure:
    body, _, nth = text.partition("@")
    step, _, how = body.partition(":")
    act, _, milliseconds = how.partition(":")
    whole = all(word.isascii() and (word.isdigit() or not word) for word in (nth, milliseconds))
    if step not in STEPS or act not in ("kill", "eio", "delay") or not whole:
        raise InvalidInput(f"{VARIABLE} has {text!r}", hint=f"STEP:kill, STEP:eio or STEP:delay:MS; {', '.join(STEPS)}")
    return Failure(step, act, min(int(milliseconds or 0), MAX_DELAY), int(nth or 0))
