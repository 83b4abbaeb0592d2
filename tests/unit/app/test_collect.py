"""Collection through the verbs: what goes, what stays, when."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from rollbook.app import collect as collecting
from rollbook.app import commits, deletion, epoch, verify, versions
from rollbook.app.register import Register
from rollbook.model.errors import Forbidden, MissingBytes, NotFound
from rollbook.model.facts import Committed, NewVersion
from rollbook.model.manifest import build, file_entry
from rollbook.model.space import DAY, EAGER, HOUR, CollectPolicy

Commit = Callable[..., Committed]
OLD = 31 * DAY


class Clock:
    """A clock that a test moves."""

    def __init__(self, start: int) -> None:
        self.now = start

    def __call__(self) -> int:
        self.now += 1000
        return self.now


@pytest.fixture
def clock(register: Register) -> Clock:
    return Clock(register.clock())


@pytest.fixture
def timed(register: Register, clock: Clock) -> Register:
    return replace(register, clock=clock)


def log(register: Register, collection: str, *files: bytes) -> Committed:
    epoch.observe(register)
    with register.blobs.writer() as writer:
        stored = [writer.add_bytes(data) for data in files]
        manifest = build([file_entry(f"{number}.bin", one.digest, one.size) for number, one in enumerate(stored)])
        writer.add_bytes(manifest.stored_bytes())  # as the SDK does: one pack per version
        writer.commit()
    return commits.commit(
        register, NewVersion(project="math", collection=collection, type="dataset", manifest=manifest)
    )


def noise(seed: int, size: int = 300_000) -> bytes:
    return random.Random(seed).randbytes(size)


def whole(register: Register) -> None:
    assert verify.verify(register, None, "math").faults == ()


def forgotten(register: Register, clock: Clock) -> None:
    """Delete v0 of `data` so long ago that it may go."""
    deletion.delete(register, "data:v0", "math", reason="old")
    clock.now += OLD


class TestWhatGoes:
    def test_nothing_of_living_versions(self, timed: Register) -> None:
        log(timed, "data", noise(1))
        done = collecting.collect(timed, EAGER)
        assert (done.dead_bytes, done.condemned, done.removed) == (0, 0, 0)
        assert done.needed_bytes > 300_000
        whole(timed)

    def test_bytes_of_a_version_deleted_long_ago(self, timed: Register, clock: Clock) -> None:
        log(timed, "data", noise(1))
        log(timed, "data", noise(2))
        before = timed.blobs.stats().stored_bytes
        forgotten(timed, clock)
        done = collecting.collect(timed, EAGER)
        assert done.removed == 1
        assert timed.blobs.stats().stored_bytes < before - 300_000
        assert collecting.collect(timed, EAGER).dead_bytes == 0
        whole(timed)

    def test_not_within_thirty_days(self, timed: Register, clock: Clock) -> None:
        log(timed, "data", noise(1))
        deletion.delete(timed, "data:v0", "math")
        clock.now += 29 * DAY
        assert collecting.collect(timed, EAGER).dead_bytes == 0
        deletion.undelete(timed, "data:v0", "math")
        assert versions.resolve(timed, "data:latest", "math").number == 0
        whole(timed)

    def test_bytes_that_nothing_names(self, timed: Register) -> None:
        with timed.blobs.writer() as writer:
            writer.add_bytes(noise(3))
            writer.commit()
        assert collecting.collect(timed, EAGER).removed == 1
        assert timed.blobs.stats().packs == 0

    def test_half_a_pack(self, timed: Register, clock: Clock) -> None:
        """A writer died between the two objects of a pack."""
        log(timed, "data", noise(1))
        with timed.blobs.writer() as writer:
            writer.add_bytes(noise(3))
            writer.commit()
        lost = next(timed.root.glob("blobs/packs/*/*.idx"))
        half = lost.with_suffix(".pack")
        lost.unlink()
        try:
            collecting.collect(timed, EAGER)
        except Exception:  # noqa: BLE001 - whichever of the two packs it was
            return
        assert not half.exists()
        whole(timed)

    def test_what_another_version_shares_stays(self, timed: Register, clock: Clock) -> None:
        log(timed, "data", noise(1), noise(2), noise(3))
        log(timed, "data", noise(1))
        forgotten(timed, clock)
        done = collecting.collect(timed, EAGER)
        assert done.copied_bytes > 300_000
        assert collecting.collect(timed, EAGER).dead_bytes == 0
        whole(timed)
        kept = versions.resolve(timed, "data:v1", "math")
        blob = versions.manifest_of(timed, kept).entries[0].stored
        assert blob is not None
        assert timed.blobs.read(blob) == noise(1)

    def test_a_pack_of_which_little_is_dead_stays(self, timed: Register, clock: Clock) -> None:
        log(timed, "data", noise(1), noise(2, 50_000))
        log(timed, "data", noise(1))
        forgotten(timed, clock)
        done = collecting.collect(timed, EAGER)
        assert (done.condemned, done.dead_bytes > 0) == (0, True)
        whole(timed)

    def test_many_small_packs_are_put_together(self, timed: Register) -> None:
        for number in range(20):
            log(timed, "data", noise(number, 2000))
        before = timed.blobs.stats().packs
        policy = CollectPolicy(cycles=1, age=0, linger=0, many=10)
        assert collecting.collect(timed, policy).removed == before
        assert timed.blobs.stats().packs == 1
        whole(timed)
        assert collecting.collect(timed, policy).condemned == 0

    def test_a_copy_in_a_sound_pack_is_needed_before_the_other_goes(self, timed: Register, clock: Clock) -> None:
        """The same chunk lies in two packs; the one that would stay is damaged, so the other one is copied."""
        with timed.blobs.writer() as one, timed.blobs.writer() as other:
            for writer, more in ((one, noise(5, 900_000)), (other, noise(6, 100_000))):
                writer.add_bytes(noise(1))
                writer.add_bytes(more)
            one.commit()
            other.commit()
        kept = log(timed, "data", noise(1), noise(5, 900_000))
        big = max(timed.root.glob("blobs/packs/*/*.pack"), key=lambda path: path.stat().st_size)
        data = bytearray(big.read_bytes())
        data[1000] ^= 1  # in the first payload: the beginning of noise(1)
        big.chmod(0o600)
        big.write_bytes(data)
        collecting.collect(timed, EAGER)
        blob = versions.manifest_of(timed, kept.version).entries[0].stored
        assert blob is not None
        assert timed.blobs.read(blob) == noise(1)


class TestPatience:
    def test_two_cycles_and_a_day(self, timed: Register, clock: Clock) -> None:
        log(timed, "data", noise(1))
        forgotten(timed, clock)
        assert collecting.collect(timed).condemned == 0
        assert collecting.collect(timed).condemned == 0  # the second cycle, but too early
        clock.now += DAY
        assert collecting.collect(timed).condemned == 0  # a clock that jumps counts for half a day
        clock.now += DAY
        done = collecting.collect(timed)
        assert (done.condemned, done.removed) == (1, 0)
        clock.now += HOUR
        assert collecting.collect(timed).removed == 1
        whole(timed)

    def test_a_jump_of_the_clock_ages_nothing(self, timed: Register, clock: Clock) -> None:
        log(timed, "data", noise(1))
        forgotten(timed, clock)
        collecting.collect(timed)
        clock.now += 1000 * DAY
        assert collecting.collect(timed).condemned == 0

    def test_what_is_needed_again_is_no_suspect_any_more(self, timed: Register, clock: Clock) -> None:
        log(timed, "data", noise(1))
        forgotten(timed, clock)
        collecting.collect(timed)
        log(timed, "data", noise(1))
        clock.now += DAY
        assert collecting.collect(timed).dead_bytes == 0
        whole(timed)

    def test_a_preview_changes_nothing(self, timed: Register, clock: Clock) -> None:
        log(timed, "data", noise(1))
        forgotten(timed, clock)
        first = collecting.collect(timed, EAGER, preview=True)
        assert first == collecting.collect(timed, EAGER, preview=True)
        assert [one.verdict for one in first.verdicts] == ["remove"]
        assert timed.blobs.stats().packs == 1
        assert collecting.collect(timed, EAGER).removed == 1


class TestBesideWriters:
    def test_a_commit_that_leaned_on_condemned_bytes_is_refused_and_can_be_sent_again(
        self, timed: Register, clock: Clock
    ) -> None:
        log(timed, "data", noise(1))
        forgotten(timed, clock)
        with timed.blobs.writer() as writer:
            stored = writer.add_bytes(noise(1))  # found: nothing is stored
            writer.commit()
        manifest = build([file_entry("0.bin", stored.digest, stored.size)])
        collecting.collect(timed, EAGER)
        new = NewVersion(project="math", collection="data", type="dataset", manifest=manifest)
        with pytest.raises(MissingBytes):
            commits.commit(timed, new)
        assert log(timed, "data", noise(1)).version.number == 1
        whole(timed)

    def test_a_recipe_that_outlived_its_chunks_is_no_blob(self, timed: Register, clock: Clock) -> None:
        """Its pack is needed for other things, and keeps the recipe; the chunks were in a pack that went."""
        log(timed, "data", noise(1))
        twice = noise(1) + noise(1)[:200_000]
        log(timed, "data", twice, noise(7, 900_000))
        log(timed, "kept", noise(7, 900_000))
        with timed.blobs.writer() as writer:
            stored = writer.add_bytes(twice)
        for number in (0, 1):
            deletion.delete(timed, f"data:v{number}", "math")
        clock.now += OLD
        assert collecting.collect(timed, EAGER).removed == 1
        assert timed.blobs.has(stored.digest), "the recipe is still there: else this tests nothing"
        manifest = build([file_entry("0.bin", stored.digest, stored.size)])
        with pytest.raises(MissingBytes):
            commits.commit(timed, NewVersion(project="math", collection="d", type="dataset", manifest=manifest))
        log(timed, "d", twice)
        whole(timed)

    def test_a_version_committed_while_bytes_are_copied_keeps_its_pack(self, timed: Register, clock: Clock) -> None:
        log(timed, "data", noise(1))
        forgotten(timed, clock)

        def interrupt(step: str) -> None:
            if step == "copied":
                log(timed, "other", noise(1))

        done = collecting.collect(timed, EAGER, step=interrupt)
        assert (done.spared, done.removed) == (1, 0)
        whole(timed)

    def test_the_same_content_logged_again_while_its_pack_waits_to_be_removed(
        self, timed: Register, clock: Clock
    ) -> None:
        """The new pack must not be the old one: the same layout has the same id."""
        log(timed, "data", noise(1))
        forgotten(timed, clock)
        policy = CollectPolicy(cycles=1, age=0)
        assert collecting.collect(timed, policy).condemned == 1
        log(timed, "data", noise(1))
        clock.now += DAY
        assert collecting.collect(timed, policy).removed == 1
        whole(timed)

    def test_a_version_brought_back_meanwhile_postpones(self, timed: Register, clock: Clock) -> None:
        log(timed, "data", noise(1))
        log(timed, "old", noise(2))
        deletion.delete(timed, "old:v0", "math")
        forgotten(timed, clock)
        log(timed, "new", noise(4))
        deletion.delete(timed, "new:v0", "math")

        def interrupt(step: str) -> None:
            if step == "copied":
                deletion.undelete(timed, "new:v0", "math")

        done = collecting.collect(timed, EAGER, step=interrupt)
        assert done.postponed
        assert done.condemned == 0
        whole(timed)


class TestDeletion:
    def test_a_deleted_version_says_so(self, timed: Register) -> None:
        log(timed, "data", noise(1))
        gone = deletion.delete(timed, "data:v0", "math", reason="wrong students")
        assert (gone.reference, gone.reason, gone.deleted_by) == ("data:v0", "wrong students", "user:ana")
        with pytest.raises(NotFound, match="was deleted by user:ana") as told:
            versions.resolve(timed, "data:v0", "math")
        assert "rollbook undelete data:v0" in told.value.hint
        with pytest.raises(NotFound, match="was deleted"):
            versions.resolve(timed, gone.digest, "math")
        assert deletion.list_deleted(timed, "math") == [gone]

    def test_brought_back_too_late(self, timed: Register, clock: Clock) -> None:
        log(timed, "data", noise(1))
        forgotten(timed, clock)
        with pytest.raises(NotFound, match="until"):
            deletion.undelete(timed, "data:v0", "math")
        assert [one.reference for one in deletion.list_deleted(timed, "math")] == ["data:v0"]

    def test_who_may_collect(self, timed: Register, as_role: Callable[..., Register]) -> None:
        for role in ("viewer", "educator", "analyst", "auditor", "service"):
            with pytest.raises(Forbidden):
                collecting.collect(as_role(role))
