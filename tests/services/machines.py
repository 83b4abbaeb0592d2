"""Another machine: a network namespace whose processes reach this machine over a cable, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

_ADDRESS = "10.213.{0}.{1}"


class Machine(NamedTuple):
    """Where a client runs.

    Attributes:
        command: What stands before a command that is to run there.
        host: Address of this machine as it is seen from there.
    """

    command: tuple[str, ...]
    host: str


HERE = Machine((), "127.0.0.1")


def can_have_another() -> bool:
    """Whether this machine can pretend: that takes root and Linux' `ip netns`."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    name = f"rollbook-probe-{os.getpid()}"
    if _ip("netns", "add", name):
        return False
    return _ip("netns", "del", name) == 0


@contextmanager
def another() -> Iterator[Machine]:
    """A machine that is there as long as the block."""
    number = os.getpid() % 250 + 1
    name, ours, theirs = f"rollbook-{number}", f"rb{number}a", f"rb{number}b"
    here, there = _ADDRESS.format(number, 1), _ADDRESS.format(number, 2)
    steps = (
        ("netns", "add", name),
        ("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", name),
        ("addr", "add", f"{here}/24", "dev", ours),
        ("link", "set", ours, "up"),
        ("-n", name, "addr", "add", f"{there}/24", "dev", theirs),
        ("-n", name, "link", "set", theirs, "up"),
        ("-n", name, "link", "set", "lo", "up"),
    )
    try:
        for step in steps:
            assert _ip(*step) == 0, step
        yield Machine(("ip", "netns", "exec", name), here)
    finally:
        _ip("netns", "del", name)


def _ip(*words: str) -> int:
    return subprocess.run(["ip", *words], capture_output=True, check=False).returncode
