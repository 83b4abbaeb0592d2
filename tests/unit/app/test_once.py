"""Once: the answer of a request that was done is told again, and what failed may be tried again."""

from __future__ import annotations

import pytest

from rollbook.app import aliases, once, runs
from rollbook.app.register import Register
from rollbook.model.digest import Digest
from rollbook.model.errors import Conflict, InvalidInput, NotFound
from rollbook.model.facts import NewRun

ASKED = Digest.sha256(b"asked")


def start(register: Register) -> bytes:
    return runs.start(register, NewRun(project="math")).id.encode()


def count(register: Register) -> int:
    return len(runs.list_runs(register, "math").items)


def test_the_same_request_is_done_once(register: Register) -> None:
    first = once.once(register, "math", "k", ASKED, start)
    assert once.once(register, "math", "k", ASKED, start) == first
    assert count(register) == 1
    assert once.once(register, "math", "other", ASKED, start) != first
    assert count(register) == 2


def test_a_name_belongs_to_one_request(register: Register) -> None:
    once.once(register, "math", "k", ASKED, start)
    with pytest.raises(Conflict, match="another request"):
        once.once(register, "math", "k", Digest.sha256(b"other"), start)
    assert count(register) == 1


def test_what_fails_leaves_nothing_and_may_be_tried_again(register: Register) -> None:
    start(register)

    def fail(inner: Register) -> bytes:
        start(inner)
        aliases.delete_alias(inner, "nothing", "champion", "math")
        return b""

    for _ in range(2):
        with pytest.raises(NotFound):
            once.once(register, "math", "k", ASKED, fail)
    assert count(register) == 1
    assert once.once(register, "math", "k", ASKED, start)
    assert count(register) == 2


def test_another_caller_may_use_the_same_name(register: Register, as_role) -> None:
    first = once.once(register, "math", "k", ASKED, start)
    assert once.once(as_role("analyst"), "math", "k", ASKED, start) != first


def test_answers_are_forgotten_after_a_day(register: Register) -> None:
    first = once.once(register, "math", "k", ASKED, start)
    later = register.clock() + once.KEPT + 1_000_000
    object.__setattr__(register, "clock", lambda: later)
    once.once(register, "math", "other", ASKED, start)
    assert once.once(register, "math", "k", ASKED, start) != first


@pytest.mark.parametrize("name", ["", "x" * 129, "é", "a\nb"])
def test_a_name_is_short_plain_text(register: Register, name: str) -> None:
    with pytest.raises(InvalidInput, match="idempotency key"):
        once.once(register, "math", name, ASKED, start)
