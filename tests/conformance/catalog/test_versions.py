from __future__ import annotations

import msgspec
import pytest

from rollbook.catalog import aliases, collections, commits, memberships, notes, versions
from rollbook.catalog.schema import versions as table
from rollbook.model.digest import Digest
from rollbook.model.errors import Conflict, InvalidInput, InvalidReference, NotFound
from rollbook.model.version import Seal


@pytest.fixture
def commit(connection, collection, values, act):
    def run(content, *, into=collection, **options):
        return commits.commit_version(connection, into, values(content), act, **options)

    return run


def test_numbers_count_up_from_zero_and_latest_follows(connection, collection, commit):
    assert [commit(content).membership.number for content in "abc"] == [0, 1, 2]
    assert aliases.holder(connection, collection, "latest").number == 2


def test_the_same_content_is_the_same_version(connection, collection, commit):
    first, again = commit("a"), commit("a")
    assert (first.created, again.created) == (True, False)
    assert again.membership == first.membership
    assert again.latest is None


def test_everything_about_a_version_comes_back(commit, values, act):
    version = commit("a").membership.version
    for name, value in msgspec.structs.asdict(values("a")).items():
        assert getattr(version, name) == value
    assert (version.created_at, version.created_by) == (act.at, act.actor)


def test_the_first_stated_number_is_the_first_number(commit):
    assert commit("a", stated_number=1).membership.number == 1
    assert commit("b").membership.number == 2
    assert commit("c", stated_number=3).membership.number == 3


@pytest.mark.parametrize("stated", [0, 1, 3, 10**17])
def test_a_stated_number_that_is_not_the_next_changes_nothing(connection, project, collection, commit, values, stated):
    commit("a", stated_number=1)
    with pytest.raises(Conflict, match="the next number is v2"):
        commit("b", stated_number=stated)
    assert versions.find(connection, project.key, values("b").digest) is None
    assert memberships.next_number(connection, collection) == 2


def test_stating_the_number_under_which_the_content_stands_is_right_and_any_other_is_not(commit):
    commit("a", stated_number=0)
    commit("b", stated_number=1)
    assert commit("a", stated_number=0).created is False
    with pytest.raises(Conflict, match="math_tutor:v0 already"):
        commit("a", stated_number=2)


def test_a_negative_number_is_refused(commit):
    with pytest.raises(InvalidInput, match="-1"):
        commit("a", stated_number=-1)


def test_a_version_of_another_type_is_refused(connection, collection, values, act):
    with pytest.raises(Conflict, match=r"'model', not 'dataset'"):
        commits.commit_version(connection, collection, values("a", type="dataset"), act)


def test_one_version_may_stand_in_several_collections(connection, project, commit, act):
    commit("x")
    other = collections.ensure(connection, project, "registry", type="model", id="c-2", act=act)
    first, second = commit("a"), commit("a", into=other)
    assert second.created
    assert second.membership.version == first.membership.version
    names = [item.name for item in memberships.of_versions(connection, [first.membership.version.key])]
    assert names == ["math_tutor:v1", "registry:v0"]


def test_a_deleted_number_is_never_given_again(connection, collection, commit, act):
    for content in "abc":
        commit(content)
    move = commits.delete(connection, collection, 2, act)
    assert move is not None
    assert (move.from_number, move.to_number) == (2, 1)
    assert commit("d").membership.number == 3
    with pytest.raises(NotFound, match=r"v2 was deleted by user:ana"):
        memberships.get(connection, collection, 2)


def test_deleted_content_that_is_logged_again_gets_a_new_number(connection, collection, commit, act):
    first = commit("a").membership
    commits.delete(connection, collection, 0, act)
    again = commit("a").membership
    assert again.number == 1
    assert again.version == first.version


def test_deleting_the_last_version_leaves_latest_nowhere(connection, collection, commit, act):
    commit("a")
    commits.delete(connection, collection, 0, act)
    with pytest.raises(NotFound):
        aliases.holder(connection, collection, "latest")
    assert commit("b").membership.number == 1


def test_a_version_that_an_alias_holds_cannot_be_deleted(connection, collection, commit, act):
    commit("a")
    aliases.move(connection, collection, "champion", 0, act, segment="grade=8")
    with pytest.raises(Conflict, match="champion/grade=8"):
        commits.delete(connection, collection, 0, act)
    assert memberships.get(connection, collection, 0).deleted_at is None


def test_a_version_is_deleted_once(connection, collection, commit, act):
    commit("a")
    commits.delete(connection, collection, 0, act)
    with pytest.raises(NotFound):
        commits.delete(connection, collection, 0, act)


def test_a_missing_number_says_which_is_the_newest(connection, collection, commit):
    commit("a")
    with pytest.raises(NotFound, match=r"math_tutor:v7(.|\n)*newest is v0"):
        memberships.get(connection, collection, 7)


def test_a_unique_prefix_of_a_digest_finds_its_version(connection, project, commit):
    version = commit("a").membership.version
    for length in (8, 9, 63, 64):
        assert versions.by_digest(connection, project, version.digest.hex[:length]) == version


def test_an_ambiguous_prefix_lists_the_candidates(connection, project, collection, values, act):
    twins = [Digest("sha256", "12345678" + digit * 56) for digit in "0f"]
    for digest in twins:
        twin = values(digest.hex, digest=digest)
        commits.commit_version(connection, collection, twin, act)
    with pytest.raises(InvalidReference, match="1234567800000000, 12345678ffffffff"):
        versions.by_digest(connection, project, "12345678")
    assert versions.by_digest(connection, project, "12345678f").digest == twins[1]


@pytest.mark.parametrize("digits", ["", "1234567", "x" * 8, "ABCDEF01", "1" * 65, "1234567%", "12345678\0"])
def test_what_is_no_prefix_of_a_digest_is_refused(connection, project, digits):
    with pytest.raises(InvalidReference):
        versions.by_digest(connection, project, digits)


def test_an_unknown_prefix_is_not_found(connection, project, commit):
    commit("a")
    with pytest.raises(NotFound, match="sha256:00000000"):
        versions.by_digest(connection, project, "0" * 8)


def test_lists_filter_and_page_from_the_newest(connection, project, collection, commit, act):
    for number in range(7):
        commit(str(number))
    notes.tag(connection, memberships.get(connection, collection, 2).version, "good", act)
    aliases.move(connection, collection, "champion", 4, act)
    commits.delete(connection, collection, 6, act)

    def numbers(**filters):
        found: list[int] = []
        before = None
        while True:
            listed = memberships.list_page(connection, project, before=before, limit=2, **filters)
            found += [item.number for item in listed.items]
            before = listed.next
            if before is None:
                return found

    assert numbers() == [5, 4, 3, 2, 1, 0]
    assert numbers(deleted=True) == [6, 5, 4, 3, 2, 1, 0]
    assert numbers(tag="good") == [2]
    assert numbers(alias="champion") == [4]
    assert numbers(collection=collection, type="model") == [5, 4, 3, 2, 1, 0]
    assert numbers(type="dataset") == []


class TestCheck:
    @pytest.fixture
    def sealed(self, connection, collection, values, act):
        manifest = Digest.sha256(b"manifest")
        seal = Seal(type="model", data_class="internal", manifest=manifest, metadata={"a": 1, "é": float("nan")})
        facts = {"digest": seal.digest, "seal": seal.canonical(), "manifest_digest": manifest}
        facts["metadata"] = '{"a":1,"é":{"$float":"NaN"}}'
        return commits.commit_version(connection, collection, values("a", **facts), act).membership.version

    def test_sound_versions_have_no_faults(self, connection, project, sealed):
        assert list(versions.check(connection, project)) == []

    @pytest.mark.parametrize(
        "change",
        [
            {"type": "dataset"},
            {"data_class": "public"},
            {"metadata": '{"a":2}'},
            {"manifest_digest": Digest.sha256(b"other")},
            {"seal": b"{}"},
            {"digest": Digest.sha256(b"other")},
        ],
    )
    def test_an_altered_version_is_found(self, connection, project, sealed, change):
        connection.execute(table.update().values(change))
        (fault,) = versions.check(connection, project)
        assert str(change.get("digest", sealed.digest)) in fault
