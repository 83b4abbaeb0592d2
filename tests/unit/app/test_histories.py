"""Rows that arrive over a network: in order, none twice, none lost, each checked before it is kept."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from rollbook.app import histories, runs, verify
from rollbook.app.register import Register
from rollbook.catalog.history_schema import history_parts
from rollbook.model.errors import Conflict, CorruptData, InvalidInput
from rollbook.model.facts import NewRun, RunChanges, RunFacts


@pytest.fixture
def run(register: Register) -> RunFacts:
    return runs.start(register, NewRun(project="math"))


def lines(*steps: int) -> bytes:
    return b"\n".join(msgspec.json.encode([step, 1000 + step, {"x": step}]) for step in steps)


def kept(register: Register, run: RunFacts) -> list[int]:
    return [row["x"] for row in histories.read(register, run.id, "math")]


def test_parts_are_read_as_one_history(register: Register, run: RunFacts) -> None:
    assert histories.append(register, run.id, "math", 0, lines(0, 1)) == 2
    assert histories.append(register, run.id, "math", 2, lines(2) + b"\n") == 3
    assert histories.extent(register, run.id, "math") == 3
    assert kept(register, run) == [0, 1, 2]


def test_what_is_sent_again_is_acknowledged_and_not_kept_twice(register: Register, run: RunFacts) -> None:
    for _ in range(2):
        assert histories.append(register, run.id, "math", 0, lines(0, 1, 2)) == 3
    assert histories.append(register, run.id, "math", 1, lines(1, 2, 3)) == 4
    assert kept(register, run) == [0, 1, 2, 3]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6)), max_size=12))
def test_any_order_of_repetitions_keeps_a_beginning(register: Register, sent: list[tuple[int, int]]) -> None:
    run = runs.start(register, NewRun(project="math"))
    have = 0
    for first, count in sent:
        part = lines(*range(first, first + count))
        if first > have:
            with pytest.raises(Conflict, match=f"has {have} rows"):
                histories.append(register, run.id, "math", first, part)
        else:
            have = max(have, first + count)
            assert histories.append(register, run.id, "math", first, part) == have
    assert kept(register, run) == list(range(have))


def test_a_gap_is_refused_and_says_where_to_begin(register: Register, run: RunFacts) -> None:
    histories.append(register, run.id, "math", 0, lines(0))
    with pytest.raises(Conflict, match="has 1 rows, these begin at 3") as caught:
        histories.append(register, run.id, "math", 3, lines(3))
    assert caught.value.hint == "send from 1"


@pytest.mark.parametrize(
    "content",
    [
        b"[0, 1]",
        b"[0, 1, {}]\n\n[1, 1, {}]",
        b"{}",
        b"\xff",
        b'[0, 1, {"x": NaN}]',
        b"[-1, 1, {}]",
        b"[9223372036854775808, 1, {}]",
        b"[0, -1, {}]",
        b"[1, 1, {}]\n[0, 1, {}]",
        b"[" * 5000,
    ],
)
def test_what_is_no_row_is_refused_whole(register: Register, run: RunFacts, content: bytes) -> None:
    with pytest.raises(InvalidInput):
        histories.append(register, run.id, "math", 0, content)
    assert histories.extent(register, run.id, "math") == 0


def test_steps_do_not_go_back_between_parts(register: Register, run: RunFacts) -> None:
    histories.append(register, run.id, "math", 0, lines(5))
    with pytest.raises(InvalidInput, match="step 4 after 5"):
        histories.append(register, run.id, "math", 1, lines(4))


def test_too_many_rows_at_once_are_refused(register: Register, run: RunFacts) -> None:
    with pytest.raises(InvalidInput, match="rows of"):
        histories.append(register, run.id, "math", 0, b"\n" * (histories.MAX_ROWS + 1))


def test_rows_of_a_journal_and_rows_that_were_sent_are_one_history(register: Register, run: RunFacts) -> None:
    with histories.open_log(register, run) as journal:
        for step in (0, 2, 4):
            journal.append({"x": step}, time_us=1, step=step)
    histories.append(register, run.id, "math", 0, lines(1, 3))
    assert kept(register, run) == [0, 1, 2, 3, 4]


def test_verify_counts_rows_that_were_sent(register: Register, run: RunFacts) -> None:
    histories.append(register, run.id, "math", 0, lines(0, 1))
    runs.update(register, run.id, "math", RunChanges(state="finished", rows=3))
    (fault,) = verify.verify(register, None, "math").faults
    assert "2 rows, but 3 were logged" in fault.message
    histories.append(register, run.id, "math", 2, lines(2))
    assert verify.verify(register, None, "math").ok


@pytest.mark.parametrize("content", [b"no zlib", b"x\x9c"])
def test_damage_in_the_catalog_is_found(register: Register, run: RunFacts, content: bytes) -> None:
    histories.append(register, run.id, "math", 0, lines(0, 1))
    with register.catalog.write() as connection:
        connection.execute(update(history_parts).values(content=content))
    with pytest.raises(CorruptData, match="history rows from 0"):
        kept(register, run)
