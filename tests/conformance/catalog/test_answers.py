from __future__ import annotations

import threading

import pytest

from rollbook.catalog import answers, projects
from rollbook.catalog.joined import Joined
from rollbook.model.digest import Digest
from rollbook.model.errors import Conflict, NotFound

ASKED = Digest.sha256(b"asked")


def test_an_answer_is_told_again(connection, organisation, project):
    assert answers.begin(connection, organisation, "user:ana", "k", ASKED, 1) is None
    answers.end(connection, organisation, project, "user:ana", "k", b"\x00answer")
    assert answers.begin(connection, organisation, "user:ana", "k", ASKED, 2) == b"\x00answer"
    assert answers.begin(connection, organisation, "user:bo", "k", ASKED, 2) is None


def test_a_name_stands_for_one_request(connection, organisation):
    answers.begin(connection, organisation, "user:ana", "k", ASKED, 1)
    with pytest.raises(Conflict, match="another request"):
        answers.begin(connection, organisation, "user:ana", "k", Digest.sha256(b"other"), 2)


def test_old_answers_are_forgotten(connection, organisation):
    for at, name in ((1, "old"), (5, "new")):
        answers.begin(connection, organisation, "user:ana", name, ASKED, at)
        answers.end(connection, organisation, None, "user:ana", name, name.encode())
    answers.forget(connection, before=5)
    assert answers.begin(connection, organisation, "user:ana", "new", ASKED, 9) == b"new"
    assert answers.begin(connection, organisation, "user:ana", "old", ASKED, 9) is None


def test_the_same_request_at_the_same_time_is_done_once(catalog):
    with catalog.write() as connection:
        projects.ensure_organisation(connection, "local", id="o", at=1)
    barrier, told, done = threading.Barrier(8), [], []

    def ask(number: int) -> None:
        barrier.wait()
        with catalog.write() as connection:
            organisation = projects.get_organisation(connection, "local")
            answer = answers.begin(connection, organisation, "user:ana", "k", ASKED, 1)
            if answer is None:
                done.append(number)
                answer = b"%d" % number
                answers.end(connection, organisation, None, "user:ana", "k", answer)
            told.append(answer)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    assert told == [b"%d" % done[0]] * 8


def do_and_stop(catalog):
    with catalog.write() as connection:
        joined = Joined(connection)
        with joined.write() as inner:
            projects.ensure_organisation(inner, "local", id="o", at=1)
        with joined.read() as inner:
            assert projects.get_organisation(inner, "local").id == "o"
        raise InterruptedError


def test_joined_transactions_stand_and_fall_together(catalog):
    with pytest.raises(InterruptedError):
        do_and_stop(catalog)
    with catalog.read() as connection, pytest.raises(NotFound):
        projects.get_organisation(connection, "local")
