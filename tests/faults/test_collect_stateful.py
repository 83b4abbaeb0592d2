"""Random logging, deleting, bringing back and collecting, by several processes that know different moments of a store.

Whatever happens, in whatever order, and wherever a collection dies: every version that lives can be read, by somebody
who opens the store afresh as by somebody who has looked at it before.
"""

from __future__ import annotations

import itertools
import random
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from blake3 import blake3
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from rollbook.app import collect as collecting
from rollbook.app import commits, datadir, deletion, epoch
from rollbook.app.commits import Prepared
from rollbook.blobs import Blobs, MemoryStore
from rollbook.catalog import space
from rollbook.model import manifest as manifests
from rollbook.model.digest import Digest
from rollbook.model.errors import Conflict, MissingBytes, NotFound
from rollbook.model.facts import NewVersion
from rollbook.model.manifest import Manifest, build, file_entry
from rollbook.model.space import DAY, EAGER, HOUR, CollectPolicy

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

# Several chunks each, many of them shared; and small ones, of which packs come to hold many.
PARTS = [random.Random(number).randbytes(40_000) for number in range(5)]
CONTENTS = [
    *(PARTS[one] + PARTS[two] + PARTS[(one + two) % 5] for one, two in itertools.combinations(range(5), 2)),
    *(b"small %d" % number for number in range(4)),
]
POLICIES = [
    EAGER,
    CollectPolicy(cycles=1, age=0, linger=HOUR, many=4),
    CollectPolicy(cycles=2, age=0, linger=0, many=3, dead_share=0.1),
    CollectPolicy(),
]
STEPS = ["surveyed", "remembered", "copied", "condemned", "removed", "noted"]
PROCESSES = 3
processes = st.integers(0, PROCESSES - 1)
picks = st.lists(st.integers(0, len(CONTENTS) - 1), min_size=1, max_size=3, unique=True)
names = st.sampled_from(["a", "b"])


class Crash(Exception):
    """The collector's process died."""


class Collecting(RuleBasedStateMachine):
    """Processes share store and catalog, and nothing else."""

    @initialize()
    def open(self) -> None:
        memory = Path("/dev/shm")
        self.folder = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
        self.now = 1_790_000_000_000_000
        numbers = itertools.count(1)
        self.store = MemoryStore()
        first = datadir.open_directory(
            Path(self.folder.name) / "data",
            user="user:ana",
            clock=self.tick,
            random=lambda size: next(numbers).to_bytes(size, "little"),
            create=True,
        )
        self.registers = [replace(first, blobs=Blobs(self.store)) for _ in range(PROCESSES)]
        self.uploads: list[list[Manifest]] = [[] for _ in range(PROCESSES)]
        self.prepared: list[list[Prepared]] = [[] for _ in range(PROCESSES)]
        self.refused = self.collected = 0

    def tick(self) -> int:
        self.now += 1000
        return self.now

    def teardown(self) -> None:
        if hasattr(self, "registers"):
            self.check(0)
            self.registers[0].catalog.close()
            self.folder.cleanup()

    @rule(process=processes, picked=picks, observes=st.booleans())
    def upload(self, process: int, picked: list[int], observes: bool) -> None:  # noqa: FBT001
        """Store bytes, or find them stored; a careless process does not look at the epoch before."""
        register = self.registers[process]
        if observes:
            epoch.observe(register)
        with register.blobs.writer() as writer:
            stored = [writer.add_bytes(CONTENTS[number]) for number in picked]
            manifest = build([file_entry(f"{number}", one.digest, one.size) for number, one in enumerate(stored)])
            writer.add_bytes(manifest.stored_bytes())
            writer.commit()
        self.uploads[process].append(manifest)

    @rule(process=processes, by=processes, collection=names)
    def commit(self, process: int, by: int, collection: str) -> None:
        """Name what was stored some time ago, perhaps by another process."""
        if self.uploads[process]:
            self.name(by, collection, self.uploads[process].pop())

    @rule(process=processes, by=processes, collection=names)
    def prepare(self, process: int, by: int, collection: str) -> None:
        """See that everything is stored, and let time pass before the transaction."""
        if self.uploads[process]:
            manifest, register = self.uploads[process].pop(), self.registers[by]
            blob = Digest("blake3", blake3(manifest.stored_bytes()).hexdigest())
            try:
                observed = epoch.check_stored(register, manifest, blob)
            except MissingBytes:
                return
            new = NewVersion(project="p", collection=collection, type="dataset", manifest=manifest)
            self.prepared[by].append(Prepared(new, blob, observed))

    @rule(process=processes)
    def enter(self, process: int) -> None:
        if self.prepared[process]:
            try:
                commits.enter(self.registers[process], self.prepared[process].pop())
            except MissingBytes:
                self.refused += 1

    def name(self, process: int, collection: str, manifest: Manifest) -> None:
        new = NewVersion(project="p", collection=collection, type="dataset", manifest=manifest)
        try:
            commits.commit(self.registers[process], new)
        except MissingBytes:
            self.refused += 1

    @rule(process=processes, collection=names, number=st.integers(0, 5))
    def delete(self, process: int, collection: str, number: int) -> None:
        try:
            deletion.delete(self.registers[process], f"{collection}:v{number}", "p")
        except NotFound:
            return

    @rule(process=processes, collection=names, number=st.integers(0, 5))
    def undelete(self, process: int, collection: str, number: int) -> None:
        try:
            deletion.undelete(self.registers[process], f"{collection}:v{number}", "p")
        except (NotFound, Conflict):
            return

    @rule(days=st.sampled_from([1, 1, 31, -2, 400]))
    def jump(self, days: int) -> None:
        self.now += days * DAY

    @rule(
        process=processes,
        policy=st.sampled_from(POLICIES),
        at=st.sampled_from(STEPS),
        then=st.sampled_from(["nothing", "crash", "log", "log stale", "enter", "collect"]),
        other=processes,
        picked=picks,
        collection=names,
    )
    def collect(
        self, process: int, policy: CollectPolicy, at: str, then: str, other: int, picked: list[int], collection: str
    ) -> None:
        """Collect; at some step the process dies, or another one logs, commits what it stored, or collects."""

        def step(name: str) -> None:
            if name != at or then == "nothing":
                return
            if then == "crash":
                raise Crash
            if then == "collect":
                self.collect_quietly(other, EAGER)
            elif then == "enter":
                self.enter(other)
            elif then == "log stale" and self.uploads[other]:
                self.name(other, collection, self.uploads[other].pop())
            else:
                self.upload(other, picked, observes=True)
                self.name(other, collection, self.uploads[other].pop())

        self.collect_quietly(process, policy, step)
        self.check(other)

    def collect_quietly(self, process: int, policy: CollectPolicy, step: Any = lambda _: None) -> None:
        try:
            done = collecting.collect(self.registers[process], policy, step=step)
            self.collected += done.removed
        except (Crash, Conflict):
            return

    def check(self, process: int) -> None:
        """Everything that lives can be read, afresh and by somebody who looked at the store some time ago."""
        for blobs in (Blobs(self.store), self.registers[process].blobs):
            with self.registers[0].catalog.read() as connection:
                living = space.roots(connection, deleted_after=2**62, after=0)
            named = set[Digest]()
            for manifest in {root.manifest for root in living}:
                named |= {entry.stored for entry in manifests.read(blobs.read(manifest)).entries if entry.stored}
            for digest in named:
                assert blobs.read(digest) in CONTENTS


Collecting.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestCollecting = Collecting.TestCase
