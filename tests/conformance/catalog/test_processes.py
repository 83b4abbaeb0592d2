"""Many processes on one catalog: dense numbers, one version per content, one winner of a race."""

from __future__ import annotations

from multiprocessing import get_context

import pytest

from rollbook.catalog import Catalog, aliases, audit, collections, commits, memberships, projects
from rollbook.catalog.audit import AuditValues
from rollbook.catalog.rows import Act
from rollbook.model.errors import Conflict

PROCESSES = 16
ACT = Act(actor="user:ana", at=1)


@pytest.fixture
def place(database):
    """Organisation, project and collection of an otherwise empty catalog."""
    with Catalog.open(database, create=True) as catalog, catalog.write() as connection:
        organisation = projects.ensure_organisation(connection, "local", id="o", at=1)
        project = projects.ensure_project(connection, organisation, "math", id="p", key_domain="", at=1)
        return organisation, project, collections.ensure(connection, project, "m", type="model", id="c", act=ACT)


def test_a_catalog_is_made_once_by_many_processes(database, in_processes):
    def make():
        with Catalog.open(database, create=True) as catalog, catalog.write() as connection:
            organisation = projects.ensure_organisation(connection, "local", id="o", at=1)
            project = projects.ensure_project(connection, organisation, "math", id="p", key_domain="", at=1)
            return collections.ensure(connection, project, "m", type="model", id="c", act=ACT).key

    assert len(set(in_processes([make] * PROCESSES))) == 1


def committer(database, collection, values, contents):
    def run():
        with Catalog.open(database) as catalog:
            numbers = []
            for content in contents:
                with catalog.write() as connection:
                    done = commits.commit_version(connection, collection, values(content), ACT)
                    entry = {"actor": "a", "action": "commit", "resource": "m", "details": {}}
                    values_ = AuditValues(project=collection.project, at=1, **entry)
                    audit.append(connection, collection.organisation, values_)
                    numbers.append((done.membership.number, done.created))
            return numbers

    return run


def check(database, place, versions):
    organisation, project, collection = place
    with Catalog.open(database) as catalog, catalog.read() as connection:
        found, before = [], None
        while True:
            listed = memberships.list_page(connection, project, before=before, limit=500)
            found += [item.number for item in listed.items]
            before = listed.next
            if before is None:
                break
        assert sorted(found) == list(range(versions))
        assert list(audit.check(connection, organisation)) == []
        assert aliases.holder(connection, collection, "latest").number == versions - 1


@pytest.mark.parametrize("rounds", [12, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
def test_different_content_gets_dense_numbers_while_a_reader_lists(database, place, values, in_processes, rounds):
    def read():
        with Catalog.open(database, read_only=True) as catalog:
            for _ in range(rounds):
                with catalog.read() as connection:
                    numbers = [item.number for item in memberships.list_page(connection, place[1], limit=200).items]
                    assert numbers == sorted(numbers, reverse=True)
                    assert not numbers or numbers[0] - numbers[-1] == len(numbers) - 1
        return []

    writers = [
        committer(database, place[2], values, [f"{worker}-{turn}" for turn in range(rounds)])
        for worker in range(PROCESSES)
    ]
    results = in_processes([*writers, read])
    assert [result for result in results if isinstance(result, BaseException)] == []
    numbers = sorted(number for result in results for number, _ in result)
    assert numbers == list(range(PROCESSES * rounds))
    check(database, place, PROCESSES * rounds)


def test_writers_of_different_collections_wait_for_each_other_and_never_in_a_circle(
    database, place, values, in_processes
):
    """They meet in the audit log, after each has inserted rows that refer to the organisation."""
    with Catalog.open(database) as catalog, catalog.write() as connection:
        made = [
            collections.ensure(connection, place[1], f"m{worker}", type="model", id=f"c{worker}", act=ACT)
            for worker in range(PROCESSES)
        ]
    writers = [
        committer(database, collection, values, [f"{collection.name}-{turn}" for turn in range(6)])
        for collection in made
    ]
    results = in_processes(writers)
    assert results == [[(turn, True) for turn in range(6)]] * PROCESSES
    with Catalog.open(database) as catalog, catalog.read() as connection:
        assert list(audit.check(connection, place[0])) == []
        assert audit.list_page(connection, place[0], limit=1).items[0].sequence == 6 * PROCESSES - 1


@pytest.mark.parametrize("rounds", [12, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
def test_same_content_becomes_one_version(database, place, values, in_processes, rounds):
    contents = [str(turn) for turn in range(rounds)]
    results = in_processes([committer(database, place[2], values, contents)] * PROCESSES)
    assert [result for result in results if isinstance(result, BaseException)] == []
    assert {tuple(number for number, _ in result) for result in results} == {tuple(range(rounds))}
    assert sum(created for result in results for _, created in result) == rounds
    check(database, place, rounds)


@pytest.mark.parametrize("rounds", [20, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
def test_of_two_promotions_that_expect_the_same_exactly_one_wins(database, place, values, in_processes, rounds):
    with Catalog.open(database) as catalog, catalog.write() as connection:
        for content in "abcde":
            commits.commit_version(connection, place[2], values(content), ACT)
        aliases.move(connection, place[2], "champion", 0, ACT)
    together = get_context("fork").Barrier(2, timeout=60)

    def promote(step):
        def run():
            with Catalog.open(database) as catalog:
                return [attempt(catalog, step) for _ in range(rounds)]

        return run

    def attempt(catalog, step):
        with catalog.read() as connection:
            seen = aliases.current(connection, place[2], "champion").number
        together.wait()
        try:
            with catalog.write() as connection:
                aliases.move(connection, place[2], "champion", (seen + step) % 5, ACT, expected=seen)
        except Conflict:
            return False
        finally:
            together.wait()
        return True

    first, second = in_processes([promote(1), promote(2)])
    assert [one + other for one, other in zip(first, second, strict=True)] == [1] * rounds


def test_a_promotion_and_a_deletion_never_leave_an_alias_without_its_version(database, place, values, in_processes):
    rounds = 12
    with Catalog.open(database) as catalog, catalog.write() as connection:
        for number in range(rounds):
            commits.commit_version(connection, place[2], values(str(number)), ACT)

    def each(action):
        def run():
            done = []
            with Catalog.open(database) as catalog:
                for number in range(rounds):
                    try:
                        with catalog.write() as connection:
                            action(connection, number)
                        done.append(True)
                    except Exception as error:  # noqa: BLE001
                        done.append(type(error).__name__)
            return done

        return run

    def promote(connection, number):
        aliases.move(connection, place[2], f"a{number}", number, ACT)

    def delete(connection, number):
        commits.delete(connection, place[2], number, ACT)

    promoted, deleted = in_processes([each(promote), each(delete)])
    for one, other in zip(promoted, deleted, strict=True):
        assert (one, other) in [(True, "Conflict"), ("NotFound", True)]
