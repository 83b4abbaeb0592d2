"""The state of collection on every database: commits share it, a condemnation has it alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy import Connection

from rollbook.catalog import Catalog, commits, deletions, retention, space, usage
from rollbook.catalog.rows import Act, CollectionRow, ProjectRow
from rollbook.catalog.space import PackRow
from rollbook.catalog.usage import Figures
from rollbook.catalog.versions import VersionValues

ONE, TWO = b"\1" * 32, b"\2" * 32


def suspect(pack: bytes) -> PackRow:
    return PackRow(pack.hex(), space.SUSPECT, b"\xff", 1, 5, 100, 7, 7)


def test_a_new_register_has_no_epoch(connection: Connection) -> None:
    assert space.state(connection) == space.SpaceState(0, 0, 0)
    assert space.hold(connection) == space.alone(connection) == space.state(connection)
    assert (space.hidden(connection), space.newest(connection)) == (frozenset(), 0)


def test_a_pack_goes_through_its_states(connection: Connection) -> None:
    space.keep_suspects(connection, [suspect(ONE), suspect(TWO)])
    assert space.hidden(connection) == frozenset()
    space.condemn(connection, {ONE: 90}, at=10)
    assert space.hidden(connection) == {ONE}
    space.keep_suspects(connection, [])
    assert set(space.packs(connection, space.SUSPECT, space.CONDEMNED)) == {ONE}
    assert space.packs(connection, space.CONDEMNED)[ONE].bytes == 90
    space.gone(connection, [ONE], at=20)
    space.purge(connection, before=20)
    assert space.hidden(connection) == {ONE}, "its name rests"
    space.purge(connection, before=21)
    assert space.hidden(connection) == frozenset()


def test_whoever_condemns_waits_for_commits_and_they_for_it(catalog: Catalog) -> None:
    with catalog.write() as connection:
        space.alone(connection)
    order: list[str] = []
    inside = threading.Event()

    def condemn() -> None:
        inside.wait()
        with catalog.write() as connection:
            now = space.alone(connection)
            order.append("condemned")
            space.change(connection, epoch=now.epoch + 1)

    other = threading.Thread(target=condemn)
    other.start()
    with catalog.write() as connection:
        assert space.hold(connection).epoch == 0
        inside.set()
        time.sleep(0.2)
        order.append("committed")
    other.join()
    assert order == ["committed", "condemned"]
    with catalog.write() as connection:
        assert space.hold(connection).epoch == 1


def test_roots_are_living_and_lately_deleted(
    connection: Connection, collection: CollectionRow, values: Callable[..., VersionValues], act: Act
) -> None:
    for name in "abc":
        commits.commit_version(connection, collection, values(name), act)
    deletions.delete(connection, collection, 0, Act(actor="ana", at=50, reason="old"))
    assert len(space.roots(connection, deleted_after=50, after=0)) == 2
    every = space.roots(connection, deleted_after=49, after=0)
    assert len(every) == 3
    assert space.roots(connection, deleted_after=0, after=every[0].key, limit=1) == every[1:2]
    assert space.newest(connection) == every[-1].key


def test_deleted_and_brought_back(
    connection: Connection, collection: CollectionRow, values: Callable[..., VersionValues], act: Act
) -> None:
    commits.commit_version(connection, collection, values("a"), act)
    before = space.basis(connection, collection.organisation)
    deletions.delete(connection, collection, 0, Act(actor="ana", at=50, reason="old"))
    gone = deletions.deleted(connection, collection, 0)
    told = deletions.standing(connection, gone.key)
    assert told is not None
    assert (told.deleted_at, told.deleted_by, told.reason) == (50, "ana", "old")
    assert space.restores(connection) == 0
    deletions.undelete(connection, collection, 0, Act(actor="ben", at=60, reason="needed"))
    assert deletions.standing(connection, gone.key) is None
    assert space.restores(connection) == 1
    assert space.basis(connection, collection.organisation) != before


def test_figures_are_kept_for_a_state(connection: Connection, project: ProjectRow) -> None:
    organisation = project.organisation
    assert usage.computed(connection, organisation) == ("", 0)
    for basis in ("1-0", "2-0"):
        usage.keep(connection, organisation, basis, {("project", project.key): Figures(3, 2, 1)}, at=9)
    assert usage.computed(connection, organisation) == ("2-0", 9)
    assert usage.of(connection, organisation, "project", [project.key]) == {project.key: Figures(3, 2, 1)}


def test_rules_stand_until_they_are_set_anew(connection: Connection, project: ProjectRow, act: Act) -> None:
    retention.put(connection, project, "", '{"keep_last":1}', act)
    retention.put(connection, project, "data", '{"keep_last":2}', act)
    retention.put(connection, project, "data", '{"keep_last":3}', act)
    assert {name: row.rule for name, row in retention.standing(connection, project).items()} == {
        "": '{"keep_last":1}',
        "data": '{"keep_last":3}',
    }
    retention.put(connection, project, "data", "", act)
    assert set(retention.standing(connection, project)) == {""}
    assert retention.names_of(connection, retention.projects_with_rules(connection)) == [("local", "math")]
