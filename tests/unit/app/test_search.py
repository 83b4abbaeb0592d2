"""The verbs of search and saved views: permissions, pages over projects, lineage, columns, hooks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from rollbook.app import runs, search, versions, views
from rollbook.app.register import Register
from rollbook.catalog import audit, projects
from rollbook.model.errors import AlreadyExists, Forbidden, InvalidInput, NotFound
from rollbook.model.facts import NewRun, Origin, RunChanges
from rollbook.model.permission import Actor
from rollbook.model.query import SearchAnswer, SearchAsk
from rollbook.model.query.answers import NewView
from rollbook.model.wire import UseDocument

SECOND = 1_000_000


def found(answer: SearchAnswer) -> list[str]:
    return [f"{facts.project}/{facts.reference}" for facts in answer.versions]


def ask(register: Register, query: str, **more: object) -> SearchAnswer:
    return search.search(register, SearchAsk(query=query, **more), "math")


@pytest.fixture
def three(commit: Callable[..., object]) -> None:
    for number, project in enumerate(("math", "essays", "maths/secret")):
        commit("data", b"%d" % number, project=project, metadata={"n": number, project: 1}, tags=(f"t{number}",))


@pytest.fixture
def guest(register: Register) -> Register:
    return replace(register, actor=Actor("user:bo", "local", None, {"math": ("analyst",), "essays": ("analyst",)}))


@pytest.mark.usefixtures("three")
class TestPermission:
    def test_the_owner_finds_everything(self, register: Register) -> None:
        assert found(ask(register, "exists(metadata.n)", everywhere=True)) == [
            "maths/secret/data:v0",
            "essays/data:v0",
            "math/data:v0",
        ]

    def test_only_readable_projects_are_searched(self, guest: Register) -> None:
        assert found(ask(guest, "exists(metadata.n)", everywhere=True)) == ["essays/data:v0", "math/data:v0"]
        assert found(ask(guest, "metadata.n = 2", everywhere=True)) == []

    def test_nothing_of_other_projects_is_told(self, guest: Register) -> None:
        said = ask(guest, 'metadata."maths/secre" = 1', everywhere=True).warnings
        assert "secret" not in " ".join(said).replace("maths/secre", "")
        counts = {field.name: field.count for field in search.fields(guest, SearchAsk(everywhere=True), "math").fields}
        assert counts["metadata.n"] == 2
        assert 'metadata."maths/secret"' not in counts

    def test_a_project_that_is_named_must_be_readable(self, guest: Register) -> None:
        for name in ("maths/secret", "absent"):
            with pytest.raises(Forbidden):
                ask(guest, "", projects=(name,))

    def test_lineage_of_what_one_may_not_read_is_refused(self, guest: Register) -> None:
        with pytest.raises(Forbidden):
            ask(guest, "from(maths/secret/data:v0)")

    @pytest.mark.parametrize("role", ["viewer", "educator", "auditor", "admin"])
    def test_who_may_not_read_versions_finds_none(self, as_role: Callable[..., Register], role: str) -> None:
        with pytest.raises(Forbidden):
            ask(as_role(role), "")
        assert found(ask(as_role(role), "", everywhere=True)) == []

    def test_a_key_without_runs_cannot_ask_about_them(self, register: Register) -> None:
        narrow = replace(register, actor=Actor("user:bo", "local", "analyst", {}, frozenset({"version.read"})))
        assert found(ask(narrow, "metadata.n = 0")) == ["math/data:v0"]
        for query, more in (("summary.auc > 0", {}), ("", {"sort": "config.lr"}), ("", {"columns": ("summary.auc",)})):
            with pytest.raises(Forbidden):
                ask(narrow, query, **more)
        names = [field.name for field in search.fields(narrow, SearchAsk(), "math").fields]
        assert not any(name.startswith(("config.", "summary.")) for name in names)


def test_pages_join_over_projects(register: Register, commit: Callable[..., object]) -> None:
    for number in range(9):
        commit("data", b"%d" % number, project=f"p{number % 3}", metadata={"n": number})
    for sort, wanted in (("", list(range(8, -1, -1))), ("metadata.n asc", list(range(9)))):
        got: list[object] = []
        after, complete = "", False
        while not complete:
            page = ask(register, "", everywhere=True, sort=sort, limit=2, after=after, columns=("metadata.n",))
            got += [row[0] for row in page.cells]
            after, complete = page.next, page.complete
            assert complete == (not after)
        assert got == wanted


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("word", ["x", "eyJ9", "W10", "a" * 5000, "é"])
def test_a_word_that_is_no_page_is_refused(register: Register, word: str) -> None:
    with pytest.raises(InvalidInput, match="no page"):
        ask(register, "", after=word)


def test_a_word_belongs_to_its_question(register: Register, commit: Callable[..., object]) -> None:
    for number in range(3):
        commit("data", b"%d" % number)
    word = ask(register, "type = dataset", limit=1).next
    assert found(ask(register, 'type="dataset"', limit=1, after=word)) == ["math/data:v1"]
    with pytest.raises(InvalidInput, match="no page"):
        ask(register, "type = model", limit=1, after=word)


@pytest.mark.usefixtures("three")
def test_a_key_that_nothing_has_is_told(register: Register) -> None:
    answer = ask(register, "metadata.nn = 1")
    assert answer.complete
    assert answer.warnings == ("nothing that was searched has metadata.nn: did you mean n?",)


@pytest.mark.usefixtures("three")
def test_a_wrong_pattern_is_pointed_at(register: Register) -> None:
    with pytest.raises(InvalidInput, match=r"column 11\)\n.*\n {12}\^"):
        ask(register, 'size=1 or name ~ "("')


def test_notes_are_found_once_they_are_written(register: Register, commit: Callable[..., object]) -> None:
    commit("data", b"1", metadata={"n": 1})
    versions.note(register, "math", "data", 0, add_tags=["good"], description="for grade 8", metadata={"n": 2})
    for query in ("tag = good", 'description contains "grade"', "metadata.n = 2", "metadata.n = 1"):
        assert found(ask(register, query)) == ["math/data:v0"], query
    versions.note(register, "math", "data", 0, remove_tags=["good"], description="better")
    assert found(ask(register, 'tag = good or description contains "grade"')) == []
    assert ask(register, "", columns=("metadata.n", "description")).cells == (([1, 2], "better"),)


def test_versions_are_found_by_the_run_that_made_them(register: Register, commit: Callable[..., object]) -> None:
    started = [runs.start(register, NewRun(project="math", config={"lr": lr})) for lr in (0.1, 0.2)]
    for run in started:
        commit("model", run.id.encode(), kind="model", origin=Origin(run=run.id))
    commit("model", b"by hand", kind="model")
    runs.update(register, started[1].id, "math", RunChanges(summary={"auc": 0.9}, state="finished"))
    assert found(ask(register, "config.lr < 0.15")) == ["math/model:v0"]
    assert found(ask(register, "not exists(summary.auc)")) == ["math/model:v2", "math/model:v0"]
    sorted_by = ask(register, "", sort="config.lr desc", columns=("config.lr",))
    assert [row[0] for row in sorted_by.cells] == [0.2, 0.1, None]
    hit = ask(register, "state = finished and summary.auc > 0.8", target="runs", columns=("config.lr",))
    assert ([run.id for run in hit.runs], hit.cells) == ([started[1].id], ((0.2,),))


def test_lineage(register: Register, commit: Callable[..., object]) -> None:
    data = commit("data", b"1").version
    run = runs.start(register, NewRun(project="math"))
    runs.use(register, run.id, "math", UseDocument(version=data.digest, reference="data:v0"))
    commit("model", b"2", kind="model", origin=Origin(run=run.id))
    commit("data", b"3")
    assert found(ask(register, "from(data:v0)")) == ["math/model:v0"]
    assert found(ask(register, "made(model:v0)")) == ["math/data:v0"]
    assert found(ask(register, "used(data:v0)")) == ["math/model:v0"]
    assert found(ask(register, "not from(data:v0) and not made(model:v0)")) == ["math/data:v1"]
    for query in ("used(data:v0)", "produced(model:v0)", "from(data:v0)", "made(model:v0)"):
        assert [hit.id for hit in ask(register, query, target="runs").runs] == [run.id], query
    assert ask(register, "produced(data:v0)", target="runs").runs == ()
    with pytest.raises(NotFound):
        ask(register, "from(data:v9)")


def test_a_summary_is_searched_when_it_is_seconds_old_or_final(register: Register) -> None:
    now = [1_790_000_000_000_000]
    timed = replace(register, clock=lambda: now[0])
    run = runs.start(timed, NewRun(project="math"))

    def known(value: int) -> bool:
        return bool(ask(timed, f"summary.step = {value}", target="runs").runs)

    now[0] += SECOND
    runs.update(timed, run.id, "math", RunChanges(summary={"step": 1}))
    assert not known(1)
    now[0] += 5 * SECOND
    runs.update(timed, run.id, "math", RunChanges(summary={"step": 2}))
    assert known(2)
    now[0] += SECOND
    runs.update(timed, run.id, "math", RunChanges(summary={"step": 3}, state="finished"))
    assert known(3)


def test_values_that_were_left_out_are_told(register: Register, commit: Callable[..., object]) -> None:
    commit("data", b"1", metadata={"many": list(range(1001))})
    answer = ask(register, "metadata.many = 1000")
    assert (found(answer), answer.complete) == ([], False)
    assert "1,000 values" in answer.warnings[0]


class TestViews:
    @pytest.fixture(autouse=True)
    def project(self, three: None) -> None:
        """There is something to look at."""

    def save(self, register: Register, name: str = "best", query: str = "metadata.n = 0", **more: object) -> None:
        views.save_view(register, "math", NewView(name=name, query=query, **more))

    def test_a_view_comes_back_as_it_was_saved(self, register: Register) -> None:
        self.save(register, sort="size asc", columns=("metadata.n",))
        view = views.get_view(register, "math", "best")
        assert (view.owner, view.query, view.sort, view.columns) == (
            "user:ana",
            "metadata.n = 0",
            "size asc",
            ("metadata.n",),
        )

    def test_private_ones_are_ones_own(self, register: Register, guest: Register) -> None:
        self.save(register)
        with pytest.raises(NotFound):
            views.get_view(guest, "math", "best")
        assert views.list_views(guest, "math").items == ()
        self.save(guest, query="metadata.n = 1")
        assert views.get_view(register, "math", "best").query == "metadata.n = 0"

    def test_shared_ones_are_seen_and_keep_their_owner(self, register: Register, guest: Register) -> None:
        self.save(register, shared=True)
        assert views.get_view(guest, "math", "best").owner == "user:ana"
        with pytest.raises(Forbidden):
            views.remove_view(guest, "math", "best")
        with pytest.raises(AlreadyExists):
            self.save(guest, shared=True)

    def test_saving_again_replaces_and_removing_removes(self, register: Register) -> None:
        self.save(register)
        self.save(register, query="metadata.n = 1")
        assert [view.query for view in views.list_views(register, "math").items] == ["metadata.n = 1"]
        views.remove_view(register, "math", "best")
        assert views.list_views(register, "math").items == ()

    def test_each_change_is_audited(self, register: Register) -> None:
        self.save(register)
        views.remove_view(register, "math", "best")
        with register.catalog.read() as connection:
            organisation = projects.get_organisation(connection, "local")
            newest = audit.list_page(connection, organisation, limit=2).items
        assert [entry.action for entry in newest] == ["view.remove", "view.save"]

    @pytest.mark.parametrize(
        "wrong", [{"query": "typ = 1"}, {"sort": "sice"}, {"columns": ("x.y",)}, {"name": "a b"}, {"target": "x"}]
    )
    def test_what_cannot_be_searched_cannot_be_saved(self, register: Register, wrong: dict[str, object]) -> None:
        with pytest.raises(InvalidInput):
            self.save(register, **wrong)

    def test_who_may_not_write_views_saves_none(self, as_role: Callable[..., Register]) -> None:
        for role in ("viewer", "educator", "auditor"):
            with pytest.raises(Forbidden):
                self.save(as_role(role))


def test_rebuilding_is_for_who_looks_after_the_store(
    register: Register, three: None, as_role: Callable[..., Register]
) -> None:
    assert search.rebuild(register, "math") == 1
    assert found(ask(register, "metadata.n = 0 and tag = t0")) == ["math/data:v0"]
    with pytest.raises(Forbidden):
        search.rebuild(as_role("analyst"), "math")
