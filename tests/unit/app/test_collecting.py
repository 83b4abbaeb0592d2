"""What a collection decides, from a survey and what earlier ones remember."""

from __future__ import annotations

from rollbook.app.collecting import plan
from rollbook.blobs import PackState, Survey
from rollbook.catalog.space import PackRow
from rollbook.model.space import DAY, HOUR, CollectPolicy

ONE = b"\1" * 32
POLICY = CollectPolicy()


def survey(*packs: PackState, halves: frozenset[bytes] = frozenset()) -> Survey:
    return Survey({pack.id: pack for pack in packs}, halves, 0, 0)


def state(dead: int, *, entries: int = 8, dead_bytes: int = 900) -> PackState:
    return PackState(ONE, entries, 1000, dead_bytes, bytes([dead]), b"\0")


def known(dead: int, *, cycles: int = 2, waited: int = DAY) -> dict[bytes, PackRow]:
    return {ONE: PackRow(ONE.hex(), "suspect", bytes([dead]), cycles, waited, 1000, 1, 1)}


def test_seen_for_the_first_time() -> None:
    decided = plan(survey(state(0xFF)), {}, POLICY, at=5, elapsed=99 * DAY)
    (suspect,) = decided.suspects
    assert (suspect.cycles, suspect.waited, suspect.seen_at) == (1, 0, 5)
    assert (decided.doomed, decided.waiting_bytes) == ({}, 900)


def test_time_counts_up_to_a_step_and_never_backwards() -> None:
    for elapsed, counted in ((HOUR, HOUR), (999 * DAY, 12 * HOUR), (-DAY, 0)):
        decided = plan(survey(state(0xFF)), known(0xFF, waited=0), POLICY, at=5, elapsed=elapsed)
        assert decided.suspects[0].waited == counted


def test_due_and_dead_whole() -> None:
    decided = plan(survey(state(0xFF)), known(0xFF), POLICY, at=5, elapsed=0)
    assert decided.doomed[ONE].dead == b"\xff"
    assert [one.verdict for one in decided.verdicts] == ["remove"]
    assert len(decided.suspects) == 1, "it is remembered until it is condemned"


def test_what_died_lately_is_copied() -> None:
    decided = plan(survey(state(0xFF)), known(0x7F), POLICY, at=5, elapsed=0)
    assert decided.doomed[ONE].dead == b"\x7f"
    assert [one.verdict for one in decided.verdicts] == ["rewrite"]


def test_what_came_to_life_is_copied() -> None:
    decided = plan(survey(state(0x7F)), known(0xFF), POLICY, at=5, elapsed=0)
    assert decided.doomed[ONE].dead == b"\x7f"


def test_too_little_is_dead() -> None:
    decided = plan(survey(state(0x01, dead_bytes=100)), known(0x01), POLICY, at=5, elapsed=0)
    assert decided.doomed == {}
    assert (decided.suspects[0].cycles, decided.suspects[0].waited) == (1, 0)


def test_half_a_pack_that_was_completed_begins_anew() -> None:
    half = {ONE: PackRow(ONE.hex(), "suspect", b"", 9, 9 * DAY, 0, 1, 1)}
    decided = plan(survey(state(0xFF)), half, POLICY, at=5, elapsed=0)
    assert decided.doomed == {}
    assert plan(survey(halves=frozenset([ONE])), half, POLICY, at=5, elapsed=0).doomed.keys() == {ONE}
