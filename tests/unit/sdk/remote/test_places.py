from __future__ import annotations

import pytest

from rollbook.model.errors import Forbidden, NotFound
from rollbook.model.people import Entity, Viewer
from rollbook.sdk.remote.places import Places

SCHOOL = Entity(name="school", kind="organisation", organisation="school")
MATHS = Entity(name="maths", kind="team", organisation="school")


def places(entity: str = "", default: str = "school") -> Places:
    return Places(Viewer(name="user:ana", admin=False, default_entity=default, entities=(SCHOOL, MATHS)), entity)


@pytest.mark.parametrize(
    ("entity", "called", "full", "path"),
    [
        ("", "p", "p", "/projects/school/p"),
        ("school", "p", "p", "/projects/school/p"),
        ("maths", "p", "maths/p", "/projects/maths/p"),
        ("", "school/p", "p", "/projects/school/p"),
        ("maths", "school/p", "p", "/projects/school/p"),
        ("", "maths/p", "maths/p", "/projects/maths/p"),
        ("maths", "other/p", "other/p", "/projects/other/p"),
    ],
)
def test_a_project_has_one_full_name_and_one_path(entity: str, called: str, full: str, path: str) -> None:
    found = places(entity)
    assert found.full_name(called) == full
    assert found.full_name(full) in (full, f"maths/{full}")
    assert found.path(full) == path


def test_a_project_of_another_organisation_is_reached_in_it() -> None:
    assert places().path("p", "elsewhere") == "/projects/elsewhere/p"


def test_the_default_is_the_callers_own() -> None:
    assert places(default="maths").full_name("p") == "maths/p"


def test_an_entity_that_the_caller_does_not_know_is_not_there() -> None:
    with pytest.raises(NotFound, match="physics") as caught:
        places("physics")
    assert "school, maths" in caught.value.hint


def test_who_has_no_role_is_told() -> None:
    with pytest.raises(Forbidden, match="no role"):
        places(default="")
