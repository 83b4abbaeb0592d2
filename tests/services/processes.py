"""What every started server needs: free ports, a user that may run it, an end to waiting."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any

_PAUSE_SECONDS = 0.05


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody uses now, each different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def humble() -> dict[str, Any]:
    """Arguments of `subprocess` that start a process as nobody in particular, for programs that refuse root."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], what: str, seconds: float = 60) -> None:
    """Wait until a started process is ready, and fail at once when it ends."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise AssertionError(f"{what} ended with {process.returncode} before it was ready")
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} was not ready within {seconds} s")
        time.sleep(_PAUSE_SECONDS)


def listens(port: int) -> bool:
    """Whether something accepts connections on a port of the loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
