from __future__ import annotations

import msgspec
import pytest

from rollbook.catalog import alias_history, aliases, commits
from rollbook.catalog.rows import Act
from rollbook.model.errors import Conflict, InvalidName, NotFound


@pytest.fixture(autouse=True)
def five_versions(connection, collection, values, act):
    for content in "abcde":
        commits.commit_version(connection, collection, values(content), act)


@pytest.fixture
def move(connection, collection):
    """Move `champion` at successive instants: 2001, 2002 ..."""
    clock = iter(range(2001, 3000))

    def run(number, **options):
        act = Act(actor="user:ben", at=next(clock), reason=f"to {number}")
        return aliases.move(connection, collection, "champion", number, act, **options).move

    return run


@pytest.fixture
def roll_back(connection, collection, act):
    def run(**options):
        moved = aliases.roll_back(connection, collection, "champion", act, **options)
        return moved.alias.number

    return run


def holder(connection, collection, **options):
    return aliases.holder(connection, collection, "champion", **options).number


def test_a_move_says_who_when_why_from_and_to(connection, collection, move):
    move(1)
    kept = move(3, action="promote")
    assert (kept.from_number, kept.to_number, kept.action, kept.actor, kept.reason, kept.at, kept.generation) == (
        (1, 3, "promote", "user:ben", "to 3", 2002, 2)
    )
    assert alias_history.list_page(connection, collection, alias="champion").items[0] == kept


def test_the_expected_number_must_hold(connection, collection, move):
    with pytest.raises(Conflict, match="points nowhere, not to v2"):
        move(1, expected=2)
    move(1, expected=None)
    with pytest.raises(Conflict, match="points to v1, not to v2"):
        move(3, expected=2)
    with pytest.raises(Conflict, match="points to v1, already"):
        move(3, expected=None)
    assert holder(connection, collection) == 1


def test_a_generation_notices_a_move_away_and_back(move):
    move(1)
    move(2)
    move(1)
    with pytest.raises(Conflict, match="has moved"):
        move(3, expected=1, generation=1)
    assert move(3, expected=1, generation=3).generation == 4


def test_a_refused_move_leaves_no_alias_behind(connection, collection, move):
    with pytest.raises(NotFound):
        move(99)
    assert aliases.current(connection, collection, "champion") is None


def test_moving_to_where_it_is_changes_nothing(connection, collection, move):
    move(1)
    assert move(1) is None
    assert len(alias_history.list_page(connection, collection, alias="champion").items) == 1


@pytest.mark.parametrize("name", ["latest", "LATEST", "v3", "a/b", "", "-x", "é"])
def test_reserved_and_malformed_names_are_refused(connection, collection, act, name):
    with pytest.raises(InvalidName):
        aliases.move(connection, collection, name, 1, act)
    with pytest.raises(InvalidName):
        aliases.roll_back(connection, collection, name, act)


def test_segments_are_aliases_of_their_own(connection, collection, move, act):
    move(1)
    move(2, segment="grade=8")
    assert holder(connection, collection) == 1
    assert holder(connection, collection, segment="grade=8") == 2
    assert [aliases.label(row.alias, row.segment) for row in aliases.of_collection(connection, collection)] == [
        "champion",
        "champion/grade=8",
        "latest",
    ]
    with pytest.raises(NotFound, match=r"champion/grade=9(.|\n)*there is champion, champion/grade=8"):
        holder(connection, collection, segment="grade=9")


def test_a_deleted_alias_points_nowhere_and_keeps_counting(connection, collection, move):
    move(1)
    move(None, action="delete")
    with pytest.raises(NotFound):
        holder(connection, collection)
    assert move(1, expected=None).generation == 3


def test_rolling_back_twice_goes_back_twice(roll_back, move):
    for number in (0, 1, 2):
        move(number)
    assert [roll_back(), roll_back()] == [1, 0]
    with pytest.raises(NotFound, match="no earlier version"):
        roll_back()


def test_a_rollback_after_a_new_move_takes_back_the_new_move(roll_back, move):
    for number in (0, 1, 2):
        move(number)
    assert roll_back() == 1
    move(4)
    assert [roll_back(), roll_back()] == [1, 0]


def test_a_rollback_restores_a_deleted_alias(roll_back, move):
    move(1)
    move(None, action="delete")
    assert roll_back() == 1


def test_a_rollback_names_the_move_that_it_takes_back(connection, collection, roll_back, move):
    move(0)
    undone = move(1)
    roll_back()
    newest = alias_history.list_page(connection, collection, alias="champion").items[0]
    assert (newest.action, newest.undoes, newest.to_number) == ("rollback", undone.generation, 0)


def test_a_rollback_to_a_deleted_version_is_refused(connection, collection, roll_back, move, act):
    move(0)
    move(1)
    commits.delete(connection, collection, 0, act)
    with pytest.raises(Conflict, match="v0 was deleted"):
        roll_back()
    assert holder(connection, collection) == 1


def test_a_rollback_is_a_compare_and_swap(connection, collection, roll_back, move):
    move(0)
    move(1)
    with pytest.raises(Conflict, match="points to v1, not to v0"):
        roll_back(expected=0)
    assert roll_back(expected=1) == 0


def test_what_was_never_moved_cannot_be_rolled_back(roll_back):
    with pytest.raises(NotFound, match="no earlier version"):
        roll_back()


def test_an_alias_is_where_it_was_at_any_instant(connection, collection, roll_back, move):
    for number in (0, 3, None):
        move(number)

    def then(instant):
        return alias_history.holder_at(connection, collection, "champion", instant).number

    with pytest.raises(NotFound, match="pointed nowhere"):
        then(2000)
    assert [then(2001), then(2002)] == [0, 3]
    with pytest.raises(NotFound, match=r"1970-01-01T00:00:00.002003Z"):
        then(2003)


def test_latest_can_be_asked_as_of_an_instant(connection, collection, values, act):
    commits.commit_version(connection, collection, values("f"), msgspec.structs.replace(act, at=5000))
    assert alias_history.holder_at(connection, collection, "latest", 4999).number == 4
    assert alias_history.holder_at(connection, collection, "latest", 5000).number == 5


def test_a_clock_that_jumps_back_does_not_reorder_moves(connection, collection):
    for number, at in ((0, 9000), (1, 8000)):
        aliases.move(connection, collection, "champion", number, Act(actor="a", at=at))
    assert holder(connection, collection) == 1
    assert alias_history.holder_at(connection, collection, "champion", 9500).number == 1


def test_history_is_kept_in_pages_and_filters(connection, collection, move):
    for number in (0, 1, 2, 3):
        move(number)
    move(0, segment="grade=8")
    pages, before = [], None
    while True:
        listed = alias_history.list_page(connection, collection, alias="champion", before=before, limit=2)
        pages.append([item.to_number for item in listed.items])
        before = listed.next
        if before is None:
            break
    assert pages == [[0, 3], [2, 1], [0]]
    plain = alias_history.list_page(connection, collection, alias="champion", segment="").items
    assert [item.to_number for item in plain] == [3, 2, 1, 0]


def test_the_aliases_of_a_version_are_listed(connection, collection, move):
    move(4)
    held = aliases.holder(connection, collection, "champion")
    assert [row.alias for row in aliases.of_memberships(connection, [held.key])] == ["champion", "latest"]
