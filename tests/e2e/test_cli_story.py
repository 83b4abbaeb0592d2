"""The main job through the command line, from an empty folder, and the shape of every JSON answer on the way."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rollbook.cli.answers import ANSWERS, OBJECTS
from rollbook.cli.index import COMMANDS
from rollbook.cli.main import execute

KEYS = Path(__file__).with_name("test_cli_keys.json")
STUDENTS = 300
MODELS = {"lr": 0.2, "rf": 0.25, "bad": 4.0}

# What users put in, or what another standard defines: its keys are not ours to pin.
FOREIGN = {"metadata", "config", "summary", "code", "environment", "statement", "protocol", "plan"}
FOREIGN |= {"columns", "cells", "key", "where", "attributes"}

# These need a server or a minute, or are about people: their answers are pinned where they are tested.
ELSEWHERE = {"demo", "serve", "login", "sync", "whoami", "migrate", "backup", "restore"}
ELSEWHERE |= {name for name in COMMANDS if name.partition(" ")[0] in ("user", "org", "team", "member", "key")}


class Told(NamedTuple):
    """One call of the story."""

    command: str
    code: int
    out: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Story:
    """The answers in their order; each call is made with `--json`."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.told: list[Told] = []

    def __call__(self, *arguments: str, code: int = 0) -> Any:
        self._capsys.readouterr()
        ended = execute([*arguments, "--json"])
        written = self._capsys.readouterr()
        assert ended == code, written.err
        two_words = " ".join(arguments[:2])
        self.told.append(Told(two_words if two_words in COMMANDS else arguments[0], ended, written.out))
        return self.told[-1].json

    def text(self, *arguments: str) -> str:
        self._capsys.readouterr()
        assert execute(arguments) == 0, self._capsys.readouterr().err
        return self._capsys.readouterr().out


in_a_directory = pytest.mark.parametrize("transport", ["embedded"], indirect=True)


@pytest.fixture
def story(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transport: str) -> Story:
    monkeypatch.chdir(tmp_path)
    _write_school(tmp_path)
    return Story(capsys)


def _write_school(folder: Path) -> None:
    """A raw and a cleaned table, a roster, three models and what each predicted; `bad` predicts noise."""
    draw = random.Random(7)
    ability = [draw.gauss(0, 1) for _ in range(STUDENTS)]
    dropout = [int(draw.gauss(-x, 1) > 0.3) for x in ability]
    roster = [f"s{i},{draw.choice('FM')},{draw.choice(['north', 'south'])}" for i in range(STUDENTS)]
    (folder / "roster.csv").write_text("\n".join(["student_id,gender,school", *roster]) + "\n")
    raw = [f"s{i},{x:.3f}" for i, x in enumerate(ability)]
    (folder / "raw.csv").write_text("\n".join(["pupil,ability", *raw]) + "\n")
    (folder / "clean").mkdir()
    (folder / "clean" / "pupils.csv").write_text("\n".join(["pupil,ability", *raw[:-9], "s291,9.0"]) + "\n")
    for name, noise in MODELS.items():
        (folder / f"{name}.json").write_text(json.dumps({"model": name}))
        scores = (1 / (1 + math.exp(x + draw.gauss(0, noise))) for x in ability)
        rows = [f"s{i},{dropout[i]},{score:.6f}" for i, score in enumerate(scores)]
        (folder / f"{name}.csv").write_text("\n".join(["pupil,dropped_out,risk", *rows]) + "\n")


def _log_everything(story: Story) -> None:
    story("init")
    story("log", "raw.csv", "--name", "student_data:v0", "--type", "dataset", "-m", "rows=300", "-m", "from=two words")
    cleaned = ["--name", "student_data", "--type", "dataset", "--use", "student_data:v0", "--alias", "clean"]
    story("log", "clean", *cleaned, "--tag", "balanced", "--description", "without the last nine")
    story("log", "roster.csv", "--type", "roster", "--attribute", "gender", "--attribute", "school")
    for name in MODELS:
        story("log", f"{name}.json", "-n", f"dropout_{name}", "--type", "model", "--use", "student_data:clean")
        _evaluate(story, name)


def _evaluate(story: Story, name: str, *more: str) -> Any:
    versions = ["--model", f"dropout_{name}", "--dataset", "student_data:clean", "--roster", "roster"]
    columns = ["--student", "pupil", "--label", "dropped_out", "--score", "risk"]
    protocol = ["--split", "student", "--threshold", "0.5", "--threshold-source", "validation"]
    return story("evaluate", f"{name}.csv", *versions, *columns, *protocol, "--protocol", "window=0", *more)


def test_the_main_job(story: Story) -> None:
    _log_everything(story)

    assert [item["name"] for item in story("ls")["collections"] if item["type"] == "model"] == [
        "dropout_bad",
        "dropout_lr",
        "dropout_rf",
    ]
    report = story("compare", *(f"dropout_{name}" for name in MODELS), "--by", "gender", "--by", "gender,school")
    assert report["best"] in ("dropout_lr:v0", "dropout_rf:v0")
    assert "dropout_bad:v0" not in report["tied"]
    assert {row["group_attr"] for row in report["rows"]} == {"", "gender", "gender & school"}

    assert story("promote", "dropout_lr", "--reason", "simplest of the best")["move"]["to_number"] == 0
    Path("retrained.json").write_text("{}")
    again = story("log", "retrained.json", "-n", "dropout_lr", "--type", "model", "--use", "student_data:v1")
    assert again["created"]
    assert again["version"]["reference"] == "default/dropout_lr:v1"
    story("promote", "dropout_lr:v1")
    assert story("rollback", "dropout_lr", "--reason", "worse")["move"]["to_number"] == 0
    assert story("show", "dropout_lr:champion")["version"]["number"] == 0
    moves = story("history", "dropout_lr", "--alias", "champion")["moves"]
    assert [(move["action"], move["from_number"], move["to_number"]) for move in moves] == [
        ("promote", None, 0),
        ("promote", 0, 1),
        ("rollback", 1, 0),
    ]

    down = story("lineage", "student_data:v0", "--down")["lineage"]
    assert {"dropout_lr:v0", "dropout_bad:v0"} <= {node["name"] for node in down["nodes"]}
    up = story("lineage", "dropout_lr:champion", "--up")["lineage"]
    assert "student_data:v0" in {node["name"] for node in up["nodes"]}
    assert story("verify")["ok"]


def test_logging_the_same_again_is_the_same_version(story: Story) -> None:
    first = story("log", "clean", "--type", "dataset", "--name", "d")
    second = story("log", "clean", "--type", "dataset", "--name", "d")
    assert (first["created"], second["created"]) == (True, False)
    assert first["version"]["digest"] == second["version"]["digest"]
    other = story("log", "clean", "--type", "dataset", "--name", "d", "-m", "k=1")
    assert (other["created"], other["version"]["number"]) == (True, 1)


def test_raw_student_ids_are_never_stored(story: Story, tmp_path: Path) -> None:
    story("log", "roster.csv", "--type", "roster")
    story("log", "lr.json", "-n", "dropout_lr", "--type", "model")
    story("log", "clean", "-n", "student_data", "--type", "dataset", "--alias", "clean")
    folder = Path(_evaluate(story, "lr")["version"]["reference"]).name
    assert folder == "dropout_lr-evaluation:v0"
    for reference in ("roster", "dropout_lr-evaluation"):
        target = story("get", reference, "--to", f"out-{reference}")["folder"]
        stored = b"".join(path.read_bytes() for path in Path(target).rglob("*") if path.is_file())
        assert b"ps1_" in stored
        assert b"s299" not in stored


def test_a_file_is_pseudonymised_with_the_key_of_the_project(story: Story) -> None:
    made = story("pseudonymise", "roster.csv", "--student", "student_id", "-o", "safe.csv")
    assert made["rows"] == STUDENTS
    assert Path("safe.csv").read_text().splitlines()[1].startswith("ps1_")
    first = story("log", "roster.csv", "--type", "roster", "--name", "roster")
    second = story("log", "safe.csv", "--type", "roster", "--name", "roster")
    assert second["version"]["digest"] == first["version"]["digest"]
    assert story("pseudonymise", "roster.csv", "--student", "student_id")["file"] == "roster.pseudonymous.csv"


def test_a_version_can_be_built_on(story: Story) -> None:
    story("log", "clean", "--type", "dataset", "-n", "d", "-m", "k=1")
    Path("more.csv").write_text("x\n")
    story("log", "more.csv", "--type", "dataset", "--onto", "d:v0", "-m", "k=2")
    shown = story("show", "d")
    assert [entry["path"] for entry in shown["files"]] == ["more.csv", "pupils.csv"]
    assert (shown["version"]["number"], shown["version"]["metadata"]) == (1, {"k": 2})
    story("log", "more.csv", "--type", "dataset", "--onto", "d:v1", "--remove", "pupils.csv")
    assert [entry["path"] for entry in story("show", "d")["files"]] == ["more.csv"]
    assert "d:v0" in {node["name"] for node in story("lineage", "d:v2", "--up")["lineage"]["nodes"]}


def test_bytes_can_stay_where_they_are(story: Story) -> None:
    story("log", "s3://bucket/big.bin", "--type", "dataset", "-n", "big", "--checksum", "etag:abc")
    entry = story("show", "big")["files"][0]
    assert (entry["kind"], entry["uri"], entry["checksum"]) == ("reference", "s3://bucket/big.bin", "etag:abc")
    uri = Path("raw.csv").absolute().as_uri()
    story("log", uri, "--type", "dataset", "-n", "near")
    assert story("show", "near")["files"][0]["checksum"].startswith("sha256:")


def test_statements_written_out_carry_their_name(story: Story) -> None:
    story("log", "raw.csv", "--type", "dataset")
    found = story("provenance", "raw", "--to", "statements")["statements"]
    path = Path("statements") / f"{found[0]['digest'].removeprefix('sha256:')}.json"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
    assert json.loads(path.read_bytes()) == found[0]["statement"]


def test_names_values_and_reasons_pass_unharmed(story: Story) -> None:
    reason = 'it\'s "better" — näher an 0,84; $HOME `x` \\n'
    Path("my file (1).csv").write_text("a\n")
    options = ["--type", "dataset", "--name", "odd", "-m", f"why={reason}", "-t", "two words"]
    made = story("log", "my file (1).csv", *options)["version"]
    assert (made["metadata"], made["tags"]) == ({"why": reason}, ["two words"])
    story("alias", "odd", "staging", "--segment", "grade=8,school=north", "--reason", reason)
    assert story("history", "odd", "--alias", "staging")["moves"][0]["reason"] == reason
    assert story("show", "odd:staging/school=north,grade=8")["version"]["number"] == 0
    gone = story("alias", "odd", "staging", "--segment", "grade=8,school=north", "--delete")
    assert gone["move"]["to_number"] is None


def test_notes_stand_beside_the_sealed_version(story: Story) -> None:
    digest = story("log", "raw.csv", "--type", "dataset")["version"]["digest"]
    story("tag", "raw", "--add", "fairness_checked_gender", "--add", "old")
    story("tag", "raw", "--remove", "old")
    described = story("describe", "raw", "all pupils")["version"]
    assert (described["digest"], described["tags"]) == (digest, ["fairness_checked_gender"])
    kinds = [(note["kind"], note["value"]) for note in story("show", "raw")["notes"]]
    assert kinds == [("tag", "fairness_checked_gender"), ("tag", "old"), ("description", "all pupils")]


def test_differences_are_told_by_file_row_and_key(story: Story) -> None:
    story("log", "raw.csv", "--type", "dataset", "-n", "d")
    Path("raw.csv").write_text(Path("raw.csv").read_text().replace("s5,", "s5000,"))
    story("log", "raw.csv", "--type", "dataset", "-n", "d", "-m", "k=1")
    table = story("diff", "d:v0", "d:v1", "--key", "pupil")["diff"]["tables"][0]
    assert (table["rows_added"], table["rows_removed"], table["rows_changed"]) == (1, 1, 0)
    assert story("diff", "d:v0", "d:v0")["diff"]["identical"]


def test_a_run_is_shown_by_its_id(story: Story) -> None:
    story("log", "raw.csv", "--type", "dataset")
    run = story("ls", "--runs")["runs"][0]
    shown = story("show", run["short"], "--rows")
    assert (shown["run"]["id"], shown["produced"], shown["rows"]) == (run["id"], ["raw:v0"], [])


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        (["show", "nothing"], 4, "not_found"),
        (["show", "data:v9"], 4, "not_found"),
        (["show", "data:"], 2, "invalid_reference"),
        (["history", "data:v0"], 2, "invalid_input"),
        (["log", "missing.csv", "--type", "dataset"], 2, "source_unreadable"),
        (["log", "raw.csv", "--type", "dataset", "-n", "data:v7"], 5, "conflict"),
        (["log", "raw.csv", "--type", "model", "-n", "data"], 5, "conflict"),
        (["log", "raw.csv", "--type", "dataset", "-n", "latest"], 2, "invalid_name"),
        (["log", "raw.csv", "--type", "dataset", "-m", "novalue"], 2, "invalid_input"),
        (["log", "s3://b/k", "--type", "dataset", "-n", "far"], 2, "invalid_input"),
        (["log", "raw.csv", "--type", "roster"], 2, "invalid_input"),
        (["rollback", "data"], 4, "not_found"),
        (["compare", "data"], 4, "not_found"),
        (["tag", "data"], 2, "invalid_input"),
        (["ls", "data", "--runs"], 2, "invalid_input"),
        (["lineage", "data", "--depth", "0"], 2, "invalid_input"),
        (["get", "data", "--path-prefix", "no"], 4, "not_found"),
    ],
)
def test_mistakes_end_with_their_code_and_change_nothing(
    arguments: list[str], code: int, kind: str, story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    story("log", "raw.csv", "--type", "dataset", "-n", "data")
    before = story("ls")
    capsys.readouterr()
    assert execute([*arguments, "--json"]) == code
    written = capsys.readouterr()
    assert written.out == ""
    error = json.loads(written.err)["error"]
    assert (error["kind"], error["exit_code"]) == (kind, code)
    assert error["message"]
    assert error["hint"]
    assert story("ls") == before


def test_another_project_is_reached_by_its_name(story: Story) -> None:
    story("log", "raw.csv", "--type", "dataset", "-n", "data", "--project", "math")
    story("log", "clean", "--type", "dataset", "-n", "data", "--project", "math", "--use", "data:v0")
    story("log", "raw.csv", "--type", "dataset", "-n", "other")
    assert story("ls", "--projects")["projects"] == ["default", "math"]
    assert [item["number"] for item in story("ls", "math/data")["versions"]] == [1, 0]
    assert story("show", "math/data:v0")["version"]["reference"] == "math/data:v0"
    assert story("history", "math/data")["collection"] == "math/data"
    assert story("diff", "math/data:v0", "math/data:v1")["diff"]["files"]
    assert story("provenance", "math/data")["statements"]
    assert story("lineage", "math/data", "--up")["lineage"]["edges"]
    assert story("promote", "math/data:v0")["move"]["to_number"] == 0
    assert story("promote", "math/data:v1")["move"]["from_number"] == 0
    assert story("rollback", "math/data")["move"]["to_number"] == 0
    assert story("tag", "math/data", "--add", "x")["version"]["project"] == "math"
    assert story("get", "math/data", "--to", "out")["files"] == ["pupils.csv"]
    assert story("verify", "math/data")["ok"]


@in_a_directory
def test_damage_is_found_and_ends_with_7(story: Story, tmp_path: Path) -> None:
    story("log", "raw.csv", "--type", "dataset")
    assert story("verify")["ok"]
    for path in (tmp_path / "rollbook-data" / "blobs").rglob("*"):
        if path.is_file() and path.stat().st_size > 1000:
            damaged = bytearray(path.read_bytes())
            damaged[len(damaged) // 2] ^= 1
            path.chmod(0o600)
            path.write_bytes(damaged)
    found = story("verify", code=7)
    assert not found["ok"]
    assert found["verification"]["faults"]
    story.told.pop()


def test_what_people_read_is_aligned_and_fits_the_story(story: Story) -> None:
    _log_everything(story)
    table = story.text("ls").splitlines()
    assert table[0].split() == ["collection", "type", "newest", "last", "version"]
    compared = story.text("compare", "dropout_lr", "dropout_bad", "--by", "gender", "--metric", "auc")
    assert "behind: -" in compared
    assert "auc by gender" in compared
    explored = story.text("explore", "dropout_lr", "dropout_bad", "--where", "gender=F", "--where", "school=north")
    assert "2 models on gender F, school north" in explored
    assert "Without intervals nothing is ranked" in explored
    assert "└─" in story.text("lineage", "dropout_lr")
    assert "All is well." in story.text("verify")
    for command in (["show", "dropout_lr-evaluation"], ["provenance", "dropout_lr"], ["doctor"], ["ls", "--runs"]):
        assert story.text(*command).strip()


def _paths(value: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{prefix}{key}"
            if key not in FOREIGN:
                yield from _paths(item, f"{prefix}{key}.")
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item, prefix)


def _told_keys(story: Story) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for told in story.told:
        found.setdefault(told.command, set()).update(_paths(told.json))
    return {command: sorted(found[command]) for command in COMMANDS if command in found}


def _search(story: Story) -> None:
    story("search", "type = model", "--column", "size")
    story("search", "--runs")
    story("search", "--fields")
    story("search", "--rebuild")
    story("view", "save", "models", "type = model", "--shared", "--column", "size")
    for command in ("ls", "show", "rm"):
        story("view", command, *([] if command == "ls" else ["models"]))


def _keep_reports(story: Story, models: list[str]) -> None:
    story("plan", "seal", "student_data:clean", "--name", "release", "--metric", "auc")
    story(
        "compare", *models, "--plan", "release", "--reference", "dropout_lr", "--margin", "auc=0.01", "--save", "spring"
    )
    story("report", "spring")
    story("report", "spring", "--html", "page.html")
    story("recompute", "spring")
    story("ledger", "student_data:clean")


def _make_room(story: Story) -> None:
    story("usage")
    story("usage", "student_data")
    story("retention", "keep", "pair", "--last", "1", "--tag", "keep")
    for command in ("ls", "preview", "run"):
        story("retention", command)
    story("retention", "rm", "pair")
    story("delete", "dropout_rf-evaluation:v0", "--reason", "superseded")
    story("deleted")
    story("undelete", "dropout_rf-evaluation:v0")
    story("gc", "--dry-run")
    story("jobs", "ls")
    story("jobs", "run", "uploads")


@in_a_directory
def test_the_keys_of_every_answer_are_pinned(story: Story) -> None:
    """Append only: scripts read these. A new key is added to the file; none is taken away or renamed."""
    _log_everything(story)
    story("pseudonymise", "roster.csv", "--student", "student_id")
    story("tag", "dropout_lr", "--add", "x")
    story("describe", "dropout_lr", "text")
    for what in ([], ["student_data"], ["--runs"], ["--projects"]):
        story("ls", *what)
    story("show", "dropout_lr-evaluation")
    story("show", "dropout_lr")
    story("show", story("ls", "--runs")["runs"][0]["short"], "--rows")
    story("get", "dropout_lr", "--to", "out")
    Path("pair").mkdir()
    for number in (0, 1):
        Path("pair/t.csv").write_text(f"id,x\n1,{number}\n2,2\n")
        story("log", "pair", "--type", "dataset", "-m", f"k={number}")
    story("diff", "pair:v0", "pair:v1", "--key", "id")
    story("lineage", "student_data")
    story("provenance", "dropout_lr")
    both = ["dropout_lr", "dropout_rf"]
    story("compare", *both, "--by", "gender", "--reference", "dropout_lr", "--where", "school=north")
    story("explore", *both, "--where", "gender=F,M", "--metric", "auc", "--metric", "fnr")
    _keep_reports(story, ["dropout_lr", "dropout_bad"])
    story("promote", "dropout_lr")
    story("log", "bad.json", "-n", "dropout_lr", "--type", "model")
    story("promote", "dropout_lr")
    story("rollback", "dropout_lr")
    story("alias", "dropout_lr", "staging")
    story("history", "dropout_lr")
    story("verify")
    story("doctor")
    _search(story)
    _make_room(story)
    keys = _told_keys(story)
    assert keys.keys() == COMMANDS.keys() - ELSEWHERE
    assert keys == json.loads(KEYS.read_text(encoding="utf-8"))
    for command, paths in keys.items():
        top = {path for path in paths if "." not in path}
        whole = {"compare": "COMPARISON", "explore": "EXPLORATION"}.get(command, "")
        documented = set(ANSWERS[command]) - {whole} | set(OBJECTS.get(whole, ()))
        assert top == documented, command
