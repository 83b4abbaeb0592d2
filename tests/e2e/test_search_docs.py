"""The page on search: its Python runs, and its commands answer, in a data directory and against a server."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import rollbook
from rollbook.cli.main import execute
from rollbook.model.errors import InvalidInput
from rollbook.model.query.answers import NewView, SearchAsk
from rollbook.model.query.fields import RUNS, VERSIONS

PAGE = (Path(__file__).parents[2] / "docs" / "search.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(python|sh)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_runs(
    transport: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROLLBOOK_PROJECT", "math")
    (tmp_path / "student_data.csv").write_text("student,correct\na,1\nb,0\nc,1\n")
    for kind, text in BLOCKS:
        if kind == "python":
            exec(compile(text, "docs/search.md", "exec"), {})
            said = capsys.readouterr().out
            assert "student_data:v0 ('2026-spring',)" in said
            assert "that is all" in said
            continue
        for line in text.splitlines():
            assert execute(shlex.split(line)[1:]) == 0, line
            out = capsys.readouterr().out
            assert out.strip(), line
            assert not line.startswith("rollbook search '") or "student_data:v0" in out, line


def test_everything_there_is_about_search_works_everywhere(
    transport: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("a\n1\n")
    with rollbook.init(project="math") as run:
        run.log_artifact("a.csv", name="a", type="dataset", metadata={"n": 2**53 + 1})
    api = rollbook.Api(project="math")
    assert api.search(f"metadata.n = {2**53 + 1}", columns=["metadata.n"]).cells == ((2**53 + 1,),)
    assert api.search(f"metadata.n = {2**53}", everywhere=True).versions == ()
    assert [item.short for item in api.search("produced(a:v0)", target="runs", projects=["math"]).runs] == [run.id]
    with pytest.raises(InvalidInput, match=r"column 10\)"):
        api.search("type = a b")
    names = [field.name for field in api.transport.search_fields(SearchAsk(), api.project).fields]
    assert "metadata.n" in names
    saved = api.transport.save_view(api.project, NewView(name="mine", query="type = dataset"))
    assert list(api.transport.views(api.project)) == [api.transport.view(api.project, "mine")] == [saved]
    assert api.transport.remove_view(api.project, "mine") == saved
    assert api.transport.rebuild_search(api.project) >= 2


def test_every_term_in_the_table_can_be_read() -> None:
    from rollbook.model.query import parse

    terms = [term for term in re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE) if " " in term or "(" in term]
    assert len(terms) >= 9
    for term in terms:
        parse(term, "runs" if term.startswith("produced") else "versions")


def test_every_built_in_field_is_named() -> None:
    for name in {*VERSIONS, *RUNS}:
        assert f"`{name}`" in PAGE, name
