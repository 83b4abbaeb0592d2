"""Keeping reports, sealing plans and counting looks, from the command line and the SDK, in a folder and on a server."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rollbook.cli.answers import ANSWERS, OBJECTS
from rollbook.cli.main import execute
from rollbook.model.errors import FinalOpened
from rollbook.sdk.api import Api

STUDENTS = 120
MODELS = {"clear": 0.5, "noisy": 4.0}


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def call(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transport: str
) -> Callable[..., Ended]:
    """The command line in a folder with two evaluated models."""
    assert transport
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        code = execute(arguments)
        written = capsys.readouterr()
        return Ended(code, written.out, written.err)

    run("init")
    log_school(run)
    return run


def log_school(run: Callable[..., Ended]) -> None:
    draw = random.Random(3)
    truth = [draw.randint(0, 1) for _ in range(STUDENTS)]
    Path("exams.csv").write_text("x\n1\n")
    Path("roster.csv").write_text("student_id,class\n" + "".join(f"s{i},{'ab'[i % 2]}\n" for i in range(STUDENTS)))
    assert run("log", "exams.csv", "--type", "dataset").code == 0
    assert run("log", "roster.csv", "--type", "roster", "--attribute", "class").code == 0
    for name, noise in MODELS.items():
        Path(f"{name}.json").write_text(name)
        scores = (min(max(0.5 + (2 * y - 1) * 0.2 + draw.gauss(0, noise / 10), 0), 1) for y in truth)
        rows = "".join(f"s{i},{truth[i]},{score:.6f}\n" for i, score in enumerate(scores))
        Path(f"{name}.csv").write_text("student,truth,score\n" + rows)
        assert run("log", f"{name}.json", "--type", "model").code == 0
        links = ["--model", name, "--dataset", "exams", "--roster", "roster"]
        columns = ["--student", "student", "--label", "truth", "--score", "score"]
        ended = run("evaluate", f"{name}.csv", *links, *columns)
        assert ended.code == 0, ended.err


def test_a_plan_is_sealed_a_report_kept_read_and_made_again(call: Callable[..., Ended]) -> None:
    Path("plan.json").write_text('{"metrics": ["auc", "fnr"], "by": ["class"], "n_boot": 200}')
    margin = ["--reference", "noisy", "--margin", "auc=0.01"]
    sealed = call("plan", "seal", "exams", "--name", "release", "--from", "plan.json", *margin, "--json")
    assert sealed.json["version"]["type"] == "plan"
    made = call("compare", "clear", "noisy", "--plan", "release", "--save", "spring", "--json").json
    assert made["standing"]["kind"] == "confirmatory"
    assert (made["kept"], made["look"]["number"], made["plan"]["suppress"]) == ("spring:v0", 1, True)
    assert made["not_worse"][0]["holds"] is True
    assert call("compare", "clear", "noisy", "--plan", "release", "--save", "spring", "--json").json == made

    told = call("report", "spring", "--json").json
    assert told["report"] | {"digest": made["digest"]} == made
    assert call("report", "spring", "--html", "page.html").code == 0
    assert "Confirmatory" in Path("page.html").read_text(encoding="utf-8")
    assert call("get", "spring", "--to", "files").code == 0
    assert Path("files/report.html").read_text(encoding="utf-8") == Path("page.html").read_text(encoding="utf-8")
    assert json.loads(Path("files/report.json").read_text(encoding="utf-8"))["best"] == "clear:v0"

    again = call("recompute", "spring", "--json")
    assert again.code == 0
    assert (again.json["recomputed"]["equal"], again.json["recomputed"]["report"]) == (True, "spring:v0")


def test_people_are_told_the_same_in_words(call: Callable[..., Ended]) -> None:
    first = call("compare", "clear", "noisy", "--metric", "auc", "--n-boot", "200", "--save", "spring").out
    assert "exploratory: no plan was sealed" in first
    assert "look 1 on exams:v0; 2 versions compared so far; 0 promotions decided on it" in first
    assert "kept as" in first
    assert "spring:v0 is what its inputs give" in call("recompute", "spring").out
    call("promote", "clear")
    call("compare", "clear", "--metric", "auc", "--n-boot", "200")
    listed = call("ledger", "exams").out
    assert "2 looks at exams:v0" in listed
    assert "1 decided on it" in listed
    assert "clear:v0, noisy:v0" in listed


def test_a_final_dataset_is_opened_once(call: Callable[..., Ended]) -> None:
    ask = ("compare", "clear", "noisy", "--metric", "auc", "--n-boot", "200")
    assert call("tag", "exams", "--add", "final").code == 0
    assert call(*ask).code == 0
    assert call(*ask, "--save", "spring").code == 0
    refused = call(*ask, "--seed", "1", "--json")
    assert refused.code == 5
    assert "exams:v0 is final" in refused.err
    assert call("explore", "clear").code == 5
    assert call("ledger", "exams", "--json").json["ledger"]["final"] is True
    with pytest.raises(FinalOpened):
        Api().compare(["clear"], metrics=["auc"])


def test_the_sdk_keeps_and_reads_reports(call: Callable[..., Ended]) -> None:
    assert call("ls").code == 0
    api = Api()
    plan = api.seal_plan("release", "exams", metrics=["auc"], n_boot=200)
    made = api.compare(["clear", "noisy"], plan=plan.name, save="spring")
    assert made.standing.plan_digest == plan.facts.digest
    kept = api.report("spring")
    assert (kept.reference, kept.report.digest) == ("spring:v0", made.digest)
    assert api.recompute("spring").equal
    entry = api.ledger("exams").entries[0]
    assert (entry.plan, entry.kind, entry.compared) == ("release:v0", "compare", 2)
    up = api.lineage("spring", down=False)
    assert {"clear:v0", "noisy:v0", "exams:v0", "roster:v0", "release:v0"} <= {node.name for node in up.nodes}


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["recompute", "clear"], "invalid_input"),
        (["report", "nothing"], "not_found"),
        (["ledger", "nothing"], "not_found"),
        (["compare", "clear", "--plan", "noisy"], "invalid_input"),
        (["compare", "clear", "--margin", "auc=much"], "invalid_input"),
        (["compare", "clear", "--metric", "auc", "--save", "exams"], "conflict"),
        (["plan", "seal", "exams", "--name", "p"], "invalid_input"),
        (["plan", "seal", "exams", "--name", "p", "--from", "absent.json"], "invalid_input"),
        (["plan", "seal", "exams", "--name", "p", "--from", "exams.csv"], "invalid_input"),
    ],
)
def test_mistakes_are_named(call: Callable[..., Ended], arguments: list[str], kind: str) -> None:
    ended = call(*arguments, "--json")
    assert json.loads(ended.err)["error"]["kind"] == kind


@pytest.mark.parametrize("transport", ["embedded"], indirect=True)
def test_the_answers_have_the_keys_that_are_documented(call: Callable[..., Ended]) -> None:
    told = {
        "plan seal": call("plan", "seal", "exams", "--name", "release", "--metric", "auc", "--json").json,
        "compare": call("compare", "clear", "--plan", "release", "--save", "spring", "--json").json,
        "report": call("report", "spring", "--json").json | call("report", "spring", "--html", "p.html", "--json").json,
        "recompute": call("recompute", "spring", "--json").json,
        "ledger": call("ledger", "exams", "--json").json,
    }
    whole = {"COMPARISON": set(OBJECTS["COMPARISON"])}
    for command, document in told.items():
        documented = {key for name in ANSWERS[command] for key in whole.get(name, {name})}
        assert document.keys() == documented, command
    assert told["recompute"]["recomputed"].keys() == set(OBJECTS["RECOMPUTED"])
    assert told["ledger"]["ledger"].keys() == set(OBJECTS["LEDGER"])
    assert told["ledger"]["ledger"]["entries"][0].keys() == set(OBJECTS["LEDGER.entries"])
    assert told["compare"]["look"].keys() == set(OBJECTS["COMPARISON.look"])
    assert told["compare"]["standing"].keys() == set(OBJECTS["COMPARISON.standing"])
