"""Pages: every item once, in order, however small the page; and no word that somebody made up gets through."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from rollbook.app import aliases, runs, versions
from rollbook.app.paging import name_in, number_in, word_of
from rollbook.app.register import Register
from rollbook.model.errors import InvalidInput
from rollbook.model.facts import NewRun


@given(st.integers(0, 2**59))
def test_numbers_come_back(number: int) -> None:
    assert number_in(word_of(number)) == number


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=50))
def test_names_come_back(name: str) -> None:
    assert name_in(word_of(name)) == name


@given(st.text(max_size=30))
def test_what_somebody_made_up_is_refused_or_harmless(word: str) -> None:
    for read in (number_in, name_in):
        with suppress(InvalidInput):
            assert isinstance(read(word), int | str)


def test_the_first_page_needs_no_word() -> None:
    assert number_in(None) is None
    assert name_in(None) == ""


def test_lists_are_whole_whatever_the_size_of_a_page(register: Register, commit: Callable[..., object]) -> None:
    for index in range(5):
        commit("data", str(index).encode(), aliases=("champion",))
        commit(f"c{index}", b"x")
        runs.start(register, NewRun(project=f"p{index}"))
        runs.start(register, NewRun(project="math"))
    lists = {
        "versions": lambda after: versions.list_versions(register, "math", "data", after=after, limit=2),
        "collections": lambda after: versions.list_collections(register, "math", after=after, limit=2),
        "projects": lambda after: versions.list_projects(register, after=after, limit=2),
        "runs": lambda after: runs.list_runs(register, "math", after=after, limit=2),
        "moves": lambda after: aliases.history(register, "data", "champion", "math", after=after, limit=2),
    }
    sizes = {"versions": 5, "collections": 6, "projects": 6, "runs": 5, "moves": 5}
    for name, ask in lists.items():
        found, after, pages = [], None, 0
        while pages == 0 or after is not None:
            page = ask(after)
            assert len(page.items) <= 2
            found.extend(page.items)
            after, pages = page.next, pages + 1
        assert (len(found), pages) == (sizes[name], -(-sizes[name] // 2)), name
        assert len({repr(item) for item in found}) == sizes[name]
