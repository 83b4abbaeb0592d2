from __future__ import annotations

import msgspec
import pytest

from rollbook.catalog import collections, projects
from rollbook.model.errors import Conflict, InvalidInput, NotFound


def test_an_organisation_and_a_project_are_made_once(connection, organisation, project):
    again = projects.ensure_organisation(connection, "local", id="another-id", at=9)
    assert again == organisation
    assert projects.ensure_project(connection, again, "math", id="other", key_domain="other", at=9) == project


def test_projects_of_two_organisations_do_not_mix(connection, organisation, project):
    other = projects.ensure_organisation(connection, "school", id="organisation-2", at=1)
    assert projects.find_project(connection, other, "math") is None
    twin = projects.ensure_project(connection, other, "math", id="project-2", key_domain="d", at=1)
    assert (twin.key, twin.organisation) != (project.key, project.organisation)


def test_a_missing_project_is_named_with_those_that_there_are(connection, organisation, project):
    with pytest.raises(NotFound, match=r"'maths'(.|\n)*there is math"):
        projects.get_project(connection, organisation, "maths")


def test_a_missing_organisation_is_named(connection):
    with pytest.raises(NotFound, match="'nowhere'"):
        projects.get_organisation(connection, "nowhere")


def test_a_collection_keeps_its_type(connection, project, collection, act):
    same = collections.ensure(connection, project, collection.name, type="model", id="c-9", act=act)
    assert same == collection
    with pytest.raises(Conflict, match=r"'model', not 'dataset'"):
        collections.ensure(connection, project, collection.name, type="dataset", id="c-9", act=act)


def test_a_missing_collection_suggests_similar_names(connection, project, collection):
    with pytest.raises(NotFound, match=r"math_tutr(.|\n)*there is math_tutor"):
        collections.get(connection, project, "math_tutr")


def test_a_description_can_be_set(connection, project, collection):
    collections.describe(connection, collection, "Türkçe ✓")
    assert collections.get(connection, project, collection.name).description == "Türkçe ✓"


def test_pages_are_sorted_by_code_point_and_cover_everything(connection, project, act):
    names = ["B", "a", "a.b", "a_b", "Z", "b", "a-b", "aB"]
    for name in names:
        collections.ensure(connection, project, name, type="dataset", id=f"id-{name}", act=act)
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        listed = collections.list_page(connection, project, after=after, limit=3)
        seen += [item.name for item in listed.items]
        after = listed.next
    assert seen == sorted(names)


def test_a_search_takes_wildcards_literally_and_ignores_case(connection, project, act):
    for name in ("a_b", "axb", "A_B2"):
        collections.ensure(connection, project, name, type="dataset", id=f"id-{name}", act=act)
    found = collections.list_page(connection, project, containing="A_b").items
    assert [item.name for item in found] == ["A_B2", "a_b"]
    assert collections.list_page(connection, project, containing="%").items == ()


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_has_a_bounded_size(connection, project, limit):
    with pytest.raises(InvalidInput, match=str(limit)):
        collections.list_page(connection, project, limit=limit)


@pytest.mark.parametrize("text", ["nul\0", "lone \ud800 surrogate", "x" * 256])
def test_text_that_a_database_would_mangle_is_refused_in_values_and_in_conditions(connection, project, act, text):
    with pytest.raises(InvalidInput):
        collections.ensure(connection, project, text, type="model", id="c-2", act=act)
    with pytest.raises(InvalidInput):
        collections.find(connection, project, text)
    assert collections.list_page(connection, project).items == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "'; DROP TABLE collections; --",
        "\xe9",
        "e\u0301",
        "\U0001f9d1\u200d\U0001f3eb",
        "\u202egpj.exe",
        "%",
        "\n",
    ],
)
def test_any_other_text_comes_back_as_it_went_in(connection, project, collection, text):
    collections.describe(connection, collection, text)
    assert collections.get(connection, project, collection.name).description == text


def test_a_number_beyond_64_bits_is_refused(connection, project, act):
    with pytest.raises(InvalidInput, match="64 bits"):
        collections.ensure(connection, project, "n", type="model", id="c", act=msgspec.structs.replace(act, at=2**63))
