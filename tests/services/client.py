"""A training that goes on and on: `client.py NAME FOLDER`. A line is an acknowledgement, or a doubt.

What the environment says of a server is used as it is. An act whose error leaves open whether it was done is a doubt;
it is not tried again, since the next act is another one.
"""

from __future__ import annotations

import os
import sys
import time
from itertools import count
from pathlib import Path

import rollbook
from rollbook.model.errors import RollbookError

PROJECT = "math"
ROWS = 5
_PAUSE_SECONDS = 0.2


def say(*words: object) -> None:
    """Write a line that is read at once."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def act(name: str, folder: Path, mark: str) -> None:
    """A run with rows, a version and a promotion."""
    with rollbook.init(project=PROJECT, save_code=False) as run:
        say("run", run.id)
        for step in range(ROWS):
            run.log({"number": step})
            say("row", run.id, step)
        path = folder / "model.txt"
        path.write_text(f"{mark} " * 3000)
        say("try", "version", mark)
        version = run.log_artifact(path, f"tutor-{name}", "model", metadata={"mark": mark})
        say("version", mark, version.facts.number, version.digest)
        say("try", "move", mark)
        rollbook.Api(project=PROJECT).promote(version.name, reason=mark)
        say("move", mark)
    say("finished", run.id)


def main(name: str, folder: str) -> None:
    """Go on until the process is killed."""
    for number in count():
        try:
            act(name, Path(folder), f"{name}-{os.getpid()}-{number}")
        except RollbookError as error:
            say("doubt", type(error).__name__)
            time.sleep(_PAUSE_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
