"""Logs one version after another: `writer.py ROOT DATABASE STORE HTTP NUMBER`. A line is an acknowledgement."""

from __future__ import annotations

import os
import sys
import time
from itertools import count
from pathlib import Path

from rollbook.app import commits
from rollbook.app.datadir import Place, open_register
from rollbook.model.errors import Unavailable
from rollbook.model.facts import NewVersion
from rollbook.model.manifest import build, file_entry

_PAUSE_SECONDS = 0.1


def main(root: str, database: str, store: str, http: str, worker: str) -> None:
    """Write until the process is killed; what is unavailable is tried again with the same content."""
    place = Place(Path(root), database, store, bool(http))
    register = open_register(place, user="user:writer", clock=lambda: time.time_ns() // 1000, random=os.urandom)
    name = f"tutor{worker}"
    for number in count():
        data = f"{worker} {number} ".encode() * 3000
        while True:
            try:
                with register.blobs.writer() as writer:
                    stored = writer.add_bytes(data)
                    writer.commit()
                manifest = build([file_entry("file.txt", stored.digest, stored.size)])
                new = NewVersion(project="math", collection=name, type="model", manifest=manifest)
                made = commits.commit(register, new)
            except Unavailable:
                time.sleep(_PAUSE_SECONDS)
            else:
                break
        print(name, made.version.number, made.version.digest, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
