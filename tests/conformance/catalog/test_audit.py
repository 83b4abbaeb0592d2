from __future__ import annotations

import pytest

from rollbook.catalog import audit, projects
from rollbook.catalog.audit import AuditValues
from rollbook.catalog.schema import audit as table
from rollbook.model.audit import AuditEntry, canonical, leaf_hash
from rollbook.model.canonical import decode


@pytest.fixture
def append(connection, organisation, project):
    def run(number, **changes):
        facts = {"project": project.key, "at": number, "actor": "user:ana", "action": "alias.move"}
        facts |= {"resource": f"local/math/m:{number}", "details": {"to": number}}
        return audit.append(connection, organisation.key, AuditValues(**(facts | changes)))

    return run


def test_entries_are_numbered_densely_and_hashed_as_leaves(append):
    rows = [append(number) for number in range(3)]
    assert [row.sequence for row in rows] == [0, 1, 2]
    assert all(row.leaf == leaf_hash(row.entry) for row in rows)
    assert decode(rows[1].entry)["sequence"] == 1


def test_each_organisation_has_its_own_numbers(connection, append):
    append(0)
    other = projects.ensure_organisation(connection, "school", id="organisation-2", at=1)
    facts = {"project": None, "at": 1, "actor": "a", "action": "b", "resource": "c", "details": {}}
    assert audit.append(connection, other.key, AuditValues(**facts)).sequence == 0
    assert list(audit.check(connection, other)) == []


def test_a_rolled_back_transaction_leaves_no_gap(connection, append):
    append(0)
    savepoint = connection.begin_nested()
    append(1)
    savepoint.rollback()
    assert append(2).sequence == 1


def test_entries_are_listed_from_the_newest_with_filters(connection, organisation, project, append):
    for number in range(5):
        append(number, action="even" if number % 2 == 0 else "odd")
    first = audit.list_page(connection, organisation, limit=2)
    rest = audit.list_page(connection, organisation, before=first.next)
    assert [row.sequence for row in (*first.items, *rest.items)] == [4, 3, 2, 1, 0]
    assert rest.next is None
    assert [row.at for row in audit.list_page(connection, organisation, action="odd").items] == [3, 1]
    assert [row.at for row in audit.list_page(connection, organisation, resource="local/math/m:2").items] == [2]
    assert audit.list_page(connection, organisation, project=project.key + 1).items == ()


def test_a_sound_log_has_no_faults(connection, organisation, append):
    for number in range(5):
        append(number)
    assert list(audit.check(connection, organisation)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "user:eve"},
        {"at": 77},
        {"action": "other"},
        {"resource": "local/math/other"},
        {"entry": b"{}"},
        {"entry": b"\xff"},
        {"leaf": leaf_hash(b"")},
    ],
)
def test_an_altered_entry_is_found(connection, organisation, append, change):
    for number in range(3):
        append(number)
    connection.execute(table.update().where(table.c.sequence == 1).values(change))
    assert list(audit.check(connection, organisation)) == ["entry 1 was altered"]


def test_an_entry_whose_leaf_was_recomputed_but_not_its_columns_is_found(connection, organisation, append):
    append(0)
    forged = canonical(AuditEntry(sequence=0, at=0, actor="eve", action="alias.move", resource="r", details={}))
    connection.execute(table.update().values(entry=forged, leaf=leaf_hash(forged)))
    assert list(audit.check(connection, organisation)) == ["entry 0 was altered"]


def test_a_deleted_entry_is_found(connection, organisation, append):
    for number in range(4):
        append(number)
    connection.execute(table.delete().where(table.c.sequence.in_([1, 2])))
    assert list(audit.check(connection, organisation)) == ["entries 1 to 2 are missing"]
