"""Decides what a collection does: pure, from what a survey found and what earlier collections remember."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from rollbook.blobs import Doomed, PackState, Survey
from rollbook.catalog.space import SUSPECT, PackRow
from rollbook.model.space import CollectPolicy, PackVerdict, Verdict

_VERDICTS = 1000


class Plan(NamedTuple):
    """What a collection does.

    Attributes:
        suspects: What is remembered for the next collection, those that go now included.
        doomed: Packs that go now, by raw id.
        verdicts: The same for people, the most dead bytes first.
        waiting_bytes: Dead bytes that are not due.
    """

    suspects: list[PackRow]
    doomed: dict[bytes, Doomed]
    verdicts: tuple[PackVerdict, ...]
    waiting_bytes: int


def plan(survey: Survey, known: Mapping[bytes, PackRow], policy: CollectPolicy, *, at: int, elapsed: int) -> Plan:
    """Decide.

    Args:
        survey: What there is, and what of it is needed.
        known: Suspects that earlier collections remember.
        policy: When something may go.
        at: Now.
        elapsed: Time since the last collection, by the clock; at most `policy.step` of it counts.
    """
    aged = min(max(0, elapsed), policy.step)
    states = [state for state in survey.packs.values() if state.dead_bytes or not state.entries]
    halves = [PackState(pack, 0, 0, 0, b"", b"") for pack in survey.halves]
    suspects: list[PackRow] = []
    doomed: dict[bytes, Doomed] = {}
    for state in (*states, *halves):
        suspect = _suspect(state, known.get(state.id), aged, at)
        if _is_due(suspect, policy):
            if _is_worth(state, suspect.dead, policy):
                doomed[state.id] = Doomed(suspect.dead, state.doubled)
            else:  # too little of it is dead: begin anew, with what died meanwhile
                suspect = _suspect(state, None, 0, at)
        suspects.append(suspect)
    doomed |= _small(survey, doomed, known, policy)
    shown = [
        _verdict(survey.packs[one], doomed) for one in {*doomed, *(state.id for state in states)} & {*survey.packs}
    ]
    shown.sort(key=lambda one: (-one.dead_bytes, one.pack))
    waiting = sum(one.dead_bytes for one in shown if one.verdict == "wait")
    return Plan(suspects, doomed, tuple(shown[:_VERDICTS]), waiting)


def _suspect(state: PackState, known: PackRow | None, aged: int, at: int) -> PackRow:
    """What is remembered of a pack: entries count as dead while they were so in every cycle since it was first seen."""
    if known is not None and len(known.dead) != len(state.dead):
        known = None  # half a pack was completed by its writer
    dead = state.dead if known is None else _both(known.dead, state.dead)
    return PackRow(
        pack=state.id.hex(),
        state=SUSPECT,
        dead=dead,
        cycles=1 if known is None else known.cycles + 1,
        waited=0 if known is None else known.waited + aged,
        bytes=state.bytes,
        seen_at=at if known is None else known.seen_at,
        changed_at=at,
    )


def _is_due(suspect: PackRow, policy: CollectPolicy) -> bool:
    return suspect.cycles >= policy.cycles and suspect.waited >= policy.age


def _is_worth(state: PackState, dead: bytes, policy: CollectPolicy) -> bool:
    """Whether rewriting frees enough: the whole pack, or more than the share of it."""
    count = sum(byte.bit_count() for byte in dead)
    if count == state.entries:
        return True
    # Bytes of entries that died lately are not counted one by one: their share is taken to be that of all dead ones.
    total = sum(byte.bit_count() for byte in state.dead)
    return state.dead_bytes * count > policy.dead_share * state.bytes * total


def _small(
    survey: Survey, doomed: Mapping[bytes, Doomed], known: Mapping[bytes, PackRow], policy: CollectPolicy
) -> dict[bytes, Doomed]:
    """Small packs to be put together, where there are many; only what is due is left out of the new ones."""
    small = [state for state in survey.packs.values() if state.bytes < policy.small and state.id not in doomed]
    if len(small) < policy.many:
        return {}
    return {state.id: Doomed(_left_out(state, known.get(state.id), policy), state.doubled) for state in small}


def _left_out(state: PackState, known: PackRow | None, policy: CollectPolicy) -> bytes:
    if known is None or len(known.dead) != len(state.dead) or not _is_due(known, policy):
        return bytes(len(state.dead))
    return _both(known.dead, state.dead)


def _both(one: bytes, other: bytes) -> bytes:
    return bytes(a & b for a, b in zip(one, other, strict=True))


def _verdict(state: PackState, doomed: Mapping[bytes, Doomed]) -> PackVerdict:
    verdict: Verdict = "wait"
    if state.id in doomed:
        everything = sum(byte.bit_count() for byte in doomed[state.id].dead) == state.entries
        verdict = "remove" if everything else "rewrite"
    return PackVerdict(pack=state.id.hex(), verdict=verdict, bytes=state.bytes, dead_bytes=state.dead_bytes)


def total(states: Iterable[PackState]) -> int:
    """Bytes of some packs."""
    return sum(state.bytes for state in states)
