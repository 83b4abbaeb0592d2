"""Events: that something of a project moved, so that whoever shows it looks again. They carry names, never content."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

import msgspec

Kind = Literal["run", "collection", "project"]
_CURSOR = re.compile(r"(-1|[0-9]{1,18})\.([0-9]{1,18})\Z")


class Moved(msgspec.Struct, frozen=True):
    """Something moved.

    Attributes:
        kind: What it is.
        name: Id of the run, or name of the collection; "" for the project itself.
        action: What was done, such as `version.commit`; `run.change` for a run that goes on.
    """

    kind: Kind
    name: str
    action: str


class Cursor(NamedTuple):
    """How far somebody has heard.

    Attributes:
        sequence: Number of the last audit entry; -1 before the first.
        at: UTC microseconds; changes of runs are known up to then.
    """

    sequence: int
    at: int

    def __str__(self) -> str:
        return f"{self.sequence}.{self.at}"


def read_cursor(text: str) -> Cursor | None:
    """The cursor that a text stands for, or None where it stands for none."""
    found = _CURSOR.match(text)
    return Cursor(int(found[1]), int(found[2])) if found else None


def moved_of(action: str, name: str, run: str) -> Moved:
    """What an audit entry says has moved.

    Args:
        action: Its action.
        name: Its resource within the project, such as `tutor:v3` or `tutor:champion`; "" for the project.
        run: The run that its details name, or "".
    """
    if action.startswith("run."):
        return Moved("run", run or name, action)
    if action.startswith(("version.", "alias.")) and name:
        return Moved("collection", name.partition(":")[0], action)
    return Moved("project", "", action)
