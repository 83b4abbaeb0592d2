from __future__ import annotations

import threading

import pytest

from rollbook.catalog import aliases, collections, commits, ledger, notes, projects
from rollbook.catalog.rows import Act
from rollbook.model.digest import Digest

FIRST, SECOND = Digest.sha256(b"first"), Digest.sha256(b"second")


@pytest.fixture
def versions(connection, collection, values, act):
    return [commits.commit_version(connection, collection, values(name), act).membership for name in "abcd"]


def look(connection, dataset, question, compared, *, at=1, plan=None):
    ledger.hold(connection, dataset.version)
    keys = [member.version.key for member in compared]
    return ledger.add_look(
        connection, dataset.version, question, keys, kind="compare", plan=plan, actor="user:ana", at=at
    )


def test_looks_are_numbered_and_found_by_their_question(connection, versions):
    dataset, *models = versions
    first = look(connection, dataset, FIRST, models[:2], at=5)
    second = look(connection, dataset, SECOND, [models[0], models[0]], at=9, plan=models[2].version.key)
    key = dataset.version.key
    assert (first.number, second.number, ledger.count(connection, key)) == (1, 2, 2)
    assert ledger.find(connection, key, SECOND) == second
    assert ledger.first_look(connection, key) == first
    assert ledger.newest(connection, key, 1) == (second,)
    assert ledger.compared_in(connection, first.key) == tuple(sorted(model.version.key for model in models[:2]))
    assert ledger.compared_in(connection, second.key) == (models[0].version.key,)


def test_another_dataset_has_a_ledger_of_its_own(connection, versions):
    dataset, other, *models = versions
    look(connection, dataset, FIRST, models)
    assert ledger.find(connection, other.version.key, FIRST) is None
    assert ledger.first_look(connection, other.version.key) is None
    assert look(connection, other, FIRST, models).number == 1


def test_a_version_counts_once_and_a_promotion_only_after_it_was_looked_at(connection, collection, versions):
    dataset, good, bad, _ = versions

    def promote(member, at):
        aliases.move(connection, collection, "champion", member.number, Act(actor="a", at=at), action="promote")

    promote(bad, 1)
    look(connection, dataset, FIRST, [good, bad], at=5)
    look(connection, dataset, SECOND, [good], at=9)
    promote(good, 7)
    promote(bad, 20)
    aliases.move(connection, collection, "staging", good.number, Act(actor="a", at=8))
    key = dataset.version.key
    assert ledger.counts(connection, key, number=1, at=5) == ledger.Counts(2, 0)
    assert ledger.counts(connection, key, number=2, at=9) == ledger.Counts(2, 1)
    assert ledger.counts(connection, key) == ledger.Counts(2, 2)


@pytest.mark.parametrize(
    ("tagged", "removed", "final"),
    [(None, None, False), (1, None, True), (1, 3, False), (1, 5, True), (1, 8, True), (8, None, True)],
)
def test_a_dataset_is_final_while_tagged_and_for_ever_once_looked_at(connection, versions, tagged, removed, final):
    dataset, model, *_ = versions
    if tagged:
        notes.tag(connection, dataset.version, "final", Act(actor="a", at=tagged))
    notes.tag(connection, dataset.version, "other", Act(actor="a", at=1))
    if removed:
        notes.untag(connection, dataset.version, "final", Act(actor="a", at=removed))
    look(connection, dataset, FIRST, [model], at=5)
    assert ledger.is_final(connection, dataset.version.key) is final


def test_many_who_look_at_once_get_numbers_of_their_own(catalog, values, act):
    with catalog.write() as connection:
        organisation = projects.ensure_organisation(connection, "local", id="o", at=1)
        project = projects.ensure_project(connection, organisation, "math", id="p", key_domain="math", at=1)
        collection = collections.ensure(connection, project, "c", type="model", id="c", act=act)
        dataset, model = (commits.commit_version(connection, collection, values(name), act).membership for name in "ab")
    barrier, numbers = threading.Barrier(6), []

    def ask(number: int) -> None:
        barrier.wait()
        with catalog.write() as connection:
            numbers.append(look(connection, dataset, Digest.sha256(b"%d" % number), [model]).number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]
