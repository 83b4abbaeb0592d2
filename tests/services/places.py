"""Registers whose parts lie anywhere, with something in them, and what must stay the same about them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from random import Random
from typing import Any

import msgspec

from rollbook.app import aliases, commits, datadir, histories, keys, runs, versions
from rollbook.app.datadir import Place
from rollbook.app.moving import Options
from rollbook.app.register import Register
from rollbook.catalog import audit, projects
from rollbook.model.facts import Committed, NewRun, NewVersion, RunChanges, VersionFacts
from rollbook.model.manifest import build, file_entry
from rollbook.model.permission import Actor

CLOCK, NUMBERS = itertools.count(1_790_000_000_000_000, 1000), itertools.count(1)


def clock() -> int:
    """A clock that goes on at every look."""
    return next(CLOCK)


def random(size: int) -> bytes:
    """Randomness that counts."""
    return next(NUMBERS).to_bytes(size, "little")


def open_(place: Place, *, create: bool = False) -> Register:
    """The register at a place."""
    return datadir.open_register(place, user="user:ana", clock=clock, random=random, create=create)


def options(**changes: Any) -> Options:
    """How to move a register, unless it is said otherwise."""
    given = Options("", False, "user:ana", clock, random, lambda _: None)
    return given._replace(**changes)


def log(register: Register, name: str, data: bytes, **more: Any) -> Committed:
    """Commit a version of one file."""
    with register.blobs.writer() as writer:
        stored = writer.add_bytes(data)
        writer.commit()
    manifest = build([file_entry("file.txt", stored.digest, stored.size)])
    return commits.commit(
        register, NewVersion(project="math", collection=name, type="model", manifest=manifest, **more)
    )


def fill(register: Register) -> None:
    """Versions, aliases with a history, a run with rows, a pseudonym key."""
    run = runs.start(register, NewRun(project="math", name="r"))
    with histories.open_log(register, run) as journal:
        for step in range(5):
            loss = float("nan") if step == 2 else 1 / (step + 1)
            journal.append({"loss": loss}, time_us=step, step=step)
    for number in range(4):
        log(register, "tutor", Random(number).randbytes(300_000), tags=("x",))
    for reference in ("tutor:v1", "tutor:v3"):
        aliases.set_alias(register, reference, "champion", "math", reason="better", action="promote")
    aliases.rollback(register, "tutor", "champion", "math", reason="worse")
    runs.update(register, run.id, "math", RunChanges(state="finished", rows=5))
    keys.key_of(register, "math")


def facts(register: Register, organisation: str) -> dict[str, Any]:
    """What must be the same wherever the register lives."""
    seen = replace(register, actor=Actor("user:ana", organisation, "owner"))
    with register.catalog.read() as connection:
        found = projects.get_organisation(connection, organisation)
        entries = audit.list_page(connection, found, limit=100).items
    run = runs.list_runs(seen, "math").items[0]
    return {
        "versions": [_anywhere(item) for item in versions.list_versions(seen, "math", "tutor").items],
        "moves": aliases.history(seen, "tutor", "champion", "math").items,
        "audit": [(entry.entry, entry.leaf) for entry in reversed(entries)],
        "rows": repr(list(histories.read(seen, run.id, "math"))),
        "run": run,
        "instance": datadir.read_marker(register.root).instance,
    }


def _anywhere(version: VersionFacts) -> VersionFacts:
    """Without the name of the organisation, which a migration may change."""
    return msgspec.structs.replace(version, organisation="")
