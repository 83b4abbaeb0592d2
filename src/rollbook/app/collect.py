"""Collect: free the bytes that no living version needs. Run again after a crash, it finishes what was begun.

Order: survey -> remember suspects -> copy what is needed out of packs that go -> condemn, in one transaction that sees
every version committed so far -> remove objects -> forget. `docs/formats/blobs.md` says why nothing needed is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from rollbook.app import collecting
from rollbook.app.epoch import observe
from rollbook.app.register import LOCAL, Register
from rollbook.app.versions import MAX_MANIFEST
from rollbook.blobs import Collector, Doomed, Survey
from rollbook.catalog import Connection, audit, projects, space, uploads
from rollbook.catalog.space import CONDEMNED, SUSPECT, SpaceState
from rollbook.model import manifest as manifests
from rollbook.model.digest import Digest
from rollbook.model.errors import Conflict, NotFound
from rollbook.model.permission import Resource
from rollbook.model.space import DAY, UNDELETE_WITHIN, Collected, CollectPolicy

NAMES_REST = 7 * DAY
"""So long the name of a removed pack is not used again: longer than any process can be stuck in removing it."""
CONDEMN = "space.collect"
Step = Callable[[str], None]


class _Collection(NamedTuple):
    """A collection under way."""

    register: Register
    collector: Collector
    policy: CollectPolicy
    before: SpaceState
    restores: int
    watermark: int
    step: Step


def collect(
    register: Register,
    policy: CollectPolicy | None = None,
    *,
    preview: bool = False,
    step: Step = lambda _: None,
) -> Collected:
    """Collect once.

    Args:
        register: The register.
        policy: When something may go.
        preview: Say what would be done now, and change nothing.
        step: Called with the name of each step when it is done, for tests that stop there.

    Raises:
        CorruptData: Something needed is missing or damaged: nothing is collected, because nobody can say what it needs.
        Conflict: Another collection was faster; nothing is lost.
    """
    register.allow("space.collect", LOCAL)
    chosen = policy or CollectPolicy()
    observe(register)
    before, restores, watermark = _begin(register, preview=preview)
    run = _Collection(register, register.blobs.collector(), chosen, before, restores, watermark, step)
    survey = run.collector.survey(_roots(register), _promised(register))
    step("surveyed")
    plan = _plan(run, survey)
    outcome = _told(run, survey, plan)
    if preview:
        return outcome
    _remember(run, plan)
    step("remembered")
    outcome = _condemn(run, survey, plan.doomed, outcome)
    removed, freed = _remove(run)
    return replace(outcome, preview=False, removed=removed, removed_bytes=freed)


def _begin(register: Register, *, preview: bool) -> tuple[SpaceState, int, int]:
    """Where collection stands, how often was brought back, and a membership up to which every commit has ended."""
    if preview:
        with register.catalog.read() as connection:
            return space.state(connection), space.restores(connection), space.newest(connection)
    with register.catalog.write() as connection:
        return space.alone(connection), space.restores(connection), space.newest(connection)


def _roots(register: Register) -> Iterator[Digest]:
    """Every blob that a living version needs, or one that can still be brought back."""
    deleted_after, last = register.clock() - UNDELETE_WITHIN, 0
    seen: set[Digest] = set()
    while True:
        with register.catalog.read() as connection:
            page = space.roots(connection, deleted_after=deleted_after, after=last)
        if not page:
            return
        for root in page:
            if root.manifest not in seen:
                seen.add(root.manifest)
                yield from blobs_of(register, root.manifest)
        last = page[-1].key


def blobs_of(register: Register, manifest: Digest) -> Iterator[Digest]:
    """The stored manifest of a version, and every blob that it names."""
    yield manifest
    for entry in manifests.read(register.blobs.read(manifest, limit=MAX_MANIFEST)).entries:
        if entry.stored is not None:
            yield entry.stored


def _promised(register: Register) -> Iterator[bytes]:
    """What was sent and will be named soon."""
    with register.catalog.read() as connection:
        yield from uploads.in_use(connection, at=register.clock())


def _plan(run: _Collection, survey: Survey) -> collecting.Plan:
    at = run.register.clock()
    with run.register.catalog.read() as connection:
        known = space.packs(connection, SUSPECT)
    return collecting.plan(survey, known, run.policy, at=at, elapsed=at - run.before.cycle_at)


def _remember(run: _Collection, plan: collecting.Plan) -> None:
    """Keep the suspects. Those that go now are among them until they are condemned, should that fail."""
    at = run.register.clock()
    with run.register.catalog.write() as connection:
        if space.alone(connection).cycle != run.before.cycle:
            raise Conflict("another collection was faster", hint="nothing is lost: look at what it did")
        space.keep_suspects(connection, plan.suspects)
        space.change(connection, cycle=run.before.cycle + 1, cycle_at=at)


def _condemn(run: _Collection, survey: Survey, doomed: dict[bytes, Doomed], outcome: Collected) -> Collected:
    if not doomed:
        return outcome
    whole = {pack for pack in doomed if pack in survey.halves}
    rewritten = run.collector.rewrite({pack: one for pack, one in doomed.items() if pack not in whole}, whole)
    run.step("copied")
    going = set(rewritten.done) | whole
    spared, done = _spare(run, going, frozenset())
    with run.register.catalog.write() as connection:
        now = space.alone(connection)
        restores = space.restores(connection)
        if (now.epoch, restores, now.cycle) != (run.before.epoch, run.restores, run.before.cycle + 1):
            return replace(
                outcome,
                condemned=0,
                condemned_bytes=0,
                postponed="a version was brought back, or another collection ran, meanwhile",
            )
        spared |= _spare_committed(run, connection, going, done)
        going -= spared
        at = run.register.clock()
        sizes = {pack: survey.packs[pack].bytes if pack in survey.packs else 0 for pack in going}
        space.condemn(connection, sizes, at=at)
        space.change(connection, epoch=now.epoch + 1)
    run.step("condemned")
    freed = sum(sizes.values()) - rewritten.bytes
    _record(run, len(going), freed, rewritten.bytes)
    return replace(
        outcome,
        condemned=len(going),
        condemned_bytes=max(0, freed),
        copied_bytes=rewritten.bytes,
        spared=len(spared),
    )


def _spare(run: _Collection, going: set[bytes], done: frozenset[int]) -> tuple[set[bytes], frozenset[int]]:
    """Packs that versions committed since the watermark need, and the memberships that were looked at."""
    spared: set[bytes] = set()
    while True:
        with run.register.catalog.read() as connection:
            new = [root for root in _committed(run, connection) if root.key not in done]
        if not new:
            return spared, done
        spared |= _needed(run, new, going)
        done |= {root.key for root in new}


def _spare_committed(run: _Collection, connection: Connection, going: set[bytes], done: frozenset[int]) -> set[bytes]:
    """The same for the last few, while nobody can commit."""
    return _needed(run, [root for root in _committed(run, connection) if root.key not in done], going)


def _committed(run: _Collection, connection: Connection) -> list[space.Root]:
    found: list[space.Root] = []
    last = run.watermark
    while page := space.roots(connection, deleted_after=0, after=last):
        found.extend(page)
        last = page[-1].key
    return found


def _needed(run: _Collection, roots: list[space.Root], going: set[bytes]) -> set[bytes]:
    spared: set[bytes] = set()
    for manifest in {root.manifest for root in roots}:
        spared |= run.collector.spare(blobs_of(run.register, manifest), going)
    return spared


def _record(run: _Collection, packs: int, freed: int, copied: int) -> None:
    """The audit entry, in the log of the actor's organisation, where there is one.

    In a transaction of its own: a commit takes the epoch before the log, so nobody may hold them the other way round.
    """
    values = audit.AuditValues(
        project=None,
        at=run.register.clock(),
        actor=run.register.actor.name,
        action=CONDEMN,
        resource=str(Resource(run.register.actor.organisation, "")),
        details={"packs": packs, "bytes": freed, "copied": copied},
    )
    with run.register.catalog.write() as connection:
        try:
            organisation = projects.get_organisation(connection, run.register.actor.organisation)
        except NotFound:
            return
        audit.append(connection, organisation.key, values)


def _remove(run: _Collection) -> tuple[int, int]:
    """Remove what was condemned long enough ago, by this collection or an earlier one."""
    at = run.register.clock()
    with run.register.catalog.read() as connection:
        condemned = space.packs(connection, CONDEMNED)
    due = {pack: row for pack, row in condemned.items() if at - row.changed_at >= run.policy.linger}
    for pack in sorted(due):
        run.collector.remove(pack)
        run.step("removed")
    with run.register.catalog.write() as connection:
        space.gone(connection, due, at=run.register.clock())
        space.purge(connection, before=at - NAMES_REST)
    if due:
        run.step("noted")
        run.collector.forget(frozenset(due))
    return len(due), sum(row.bytes for row in due.values())


def _told(run: _Collection, survey: Survey, plan: collecting.Plan) -> Collected:
    return Collected(
        preview=True,
        cycle=run.before.cycle + 1,
        packs=len(survey.packs),
        stored_bytes=collecting.total(survey.packs.values()),
        needed_bytes=survey.needed_bytes,
        dead_bytes=sum(state.dead_bytes for state in survey.packs.values()),
        waiting_bytes=plan.waiting_bytes,
        condemned=len(plan.doomed),
        condemned_bytes=sum(one.dead_bytes for one in plan.verdicts if one.verdict != "wait"),
        unreadable=survey.unreadable,
        verdicts=plan.verdicts,
    )
