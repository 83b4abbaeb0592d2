from __future__ import annotations

import msgspec
import pytest

from rollbook.catalog import commits, notes
from rollbook.catalog.rows import Act
from rollbook.model.errors import InvalidInput, NotFound


@pytest.fixture
def version(connection, collection, values, act):
    return commits.commit_version(connection, collection, values("a"), act).membership.version


def by(at):
    return Act(actor="user:ana", at=at)


def test_a_tag_stands_once_until_it_is_taken_off(connection, version):
    first = notes.tag(connection, version, "reviewed", by(10))
    assert notes.tag(connection, version, "reviewed", by(20)) == first
    removed = notes.untag(connection, version, "reviewed", by(30))
    assert (removed.removed_at, removed.removed_by) == (30, "user:ana")
    assert notes.tags(connection, [version.key]) == ()
    assert notes.tag(connection, version, "reviewed", by(40)).added_at == 40


def test_tags_can_be_asked_as_of_an_instant(connection, version):
    notes.tag(connection, version, "t", by(10))
    notes.untag(connection, version, "t", by(30))
    stood = [len(notes.tags(connection, [version.key], at=instant)) for instant in (9, 10, 29, 30)]
    assert stood == [0, 1, 1, 0]


def test_a_tag_that_is_not_there_cannot_be_taken_off(connection, version):
    notes.tag(connection, version, "good", by(1))
    with pytest.raises(NotFound, match=r"'goood'(.|\n)*its tags: good"):
        notes.untag(connection, version, "goood", by(2))


def test_a_tag_has_a_bounded_length(connection, version):
    with pytest.raises(InvalidInput, match="256"):
        notes.tag(connection, version, "x" * 256, by(1))


def test_the_newest_description_stands_and_the_others_are_kept(connection, version):
    for text, at in (("one", 10), ("two", 20), ("two", 25), ("", 30)):
        notes.describe(connection, version, text, by(at))

    def then(instant=None):
        return [note.value for note in notes.descriptions(connection, [version.key], at=instant)]

    assert (then(), then(5), then(10), then(29)) == ([""], [], ["one"], ["two"])
    assert [note.value for note in notes.list_page(connection, version).items] == ["one", "two", ""]


def test_later_metadata_adds_up_and_leaves_the_seal_alone(connection, collection, version, values, act):
    notes.annotate(connection, version, '{"a":2}', by(10))
    notes.annotate(connection, version, '{"b":3}', by(20))
    assert [note.value for note in notes.later_metadata(connection, version)] == ['{"a":2}', '{"b":3}']
    assert len(notes.later_metadata(connection, version, at=15)) == 1
    again = commits.commit_version(connection, collection, values("a"), act)
    assert again.membership.version == msgspec.structs.replace(version)
