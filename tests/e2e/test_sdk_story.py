"""The SDK as a person uses it, from an empty folder: the guide's lines, versions, drafts, lineage, aliases."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import rollbook
from rollbook.model.errors import Conflict, CorruptData, InvalidInput, NotFound, SourceUnreadable
from rollbook.sdk.run import Run
from tests.e2e.conftest import told

SOURCES = Path(rollbook.__file__).parents[1]

# Three lines stand in the user's guide and are run as written; the rest is what has to be around them.
GUIDE = """
import json, sys
from pathlib import Path
import rollbook

rows = sys.argv[1]
Path("student_data.csv").write_text("student,score\\n" + rows)
run = rollbook.init(project="guide", job_type="ingest")
run.log_artifact('student_data:v0', type='dataset')
run.finish()

run = rollbook.init(project="guide", job_type="clean", config={"drop_missing": True})
data = run.use_artifact('student_data:latest')
Path("student_data_cleaned").mkdir(exist_ok=True)
Path("student_data_cleaned/train.csv").write_text(Path(data.file(root="raw")).read_text().upper())
run.log_artifact('student_data_cleaned:v1', type='dataset')
run.finish()

run = rollbook.init(project="guide", job_type="train", config={"lr": 0.1})
run.use_artifact('student_data_cleaned:latest')
for epoch in range(3):
    run.log({"loss": 1 / (epoch + 1)})
Path("math_tutor_model_lr.json").write_text(json.dumps({"weights": [0.1, 0.2], "rows": len(rows)}))
run.log_artifact('math_tutor_model_lr:v1', type='model')
run.finish()
"""


def python(program: str, folder: Path, *arguments: str, code: int = 0) -> str:
    script = folder / "guide.py"
    script.write_text(textwrap.dedent(program))
    command = [sys.executable, str(script), *arguments]
    environment = {"PYTHONPATH": str(SOURCES), "PATH": "/usr/bin:/bin", "HOME": str(folder), "LOGNAME": "ana", **told()}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transport: str) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ROLLBOOK_USER", "ana")
    return folder


@pytest.fixture
def run() -> Iterator[Run]:
    with begin() as started:
        yield started


def begin(**options: Any) -> Run:
    return rollbook.init(project="math", save_code=False, **options)


def api(project: str = "math") -> rollbook.Api:
    return rollbook.Api(project=project)


def write(name: str, text: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def numbers(collection: str, project: str = "math") -> list[int]:
    return [version.facts.number for version in api(project).artifacts(collection)][::-1]


# --- the guide's lines -----------------------------------------------------------------------------------------------


def test_the_guides_lines_run_as_written_and_again_unchanged(here: Path) -> None:
    python(GUIDE, here, "1,0.5\n")
    digests = [str(found.digest) for found in every_version()]
    python(GUIDE, here, "1,0.5\n")
    assert [str(found.digest) for found in every_version()] == digests, "the same things are the same versions"
    assert numbers("student_data", "guide") == [0]
    assert numbers("student_data_cleaned", "guide") == [1]
    assert numbers("math_tutor_model_lr", "guide") == [1]
    model = api("guide").artifact("math_tutor_model_lr:v1")
    assert len(model.provenance()) == 2, "each run that made it is told"
    assert api("guide").verify().ok


def every_version() -> list[rollbook.Version]:
    register = api("guide")
    names = ("student_data", "student_data_cleaned", "math_tutor_model_lr", "code-guide")
    return [version for name in names for version in register.artifacts(name)]


def test_the_guides_lines_with_other_data_say_which_number_is_next(here: Path) -> None:
    python(GUIDE, here, "1,0.5\n")
    told = python(GUIDE, here, "1,0.6\n", code=1)
    assert "Conflict" in told
    assert "the next number is v1" in told
    assert numbers("student_data", "guide") == [0]
    (failed,) = api("guide").runs(state="failed")
    assert failed.job_type == "ingest"


def test_changed_data_is_the_next_version(run: Run) -> None:
    write("student_data.csv", "student,score\n1,0.5\n")
    assert run.log_artifact("student_data", type="dataset").name == "student_data:v0"
    write("student_data.csv", "student,score\n1,0.6\n")
    second = run.log_artifact("student_data", type="dataset")
    assert second.name == "student_data:v1"
    assert second.aliases == ("latest",)
    write("student_data.csv", "student,score\n1,0.5\n")
    assert run.log_artifact("student_data", type="dataset").name == "student_data:v0", "what was there keeps its number"
    assert run.log_artifact("student_data:v0", type="dataset").name == "student_data:v0"
    assert numbers("student_data") == [0, 1]
    assert api().artifact("student_data").version == "v1"


@pytest.mark.parametrize(("stated", "next_number"), [(0, 6), (5, 6), (7, 6), (10**17, 6)])
def test_a_stated_number_that_is_not_the_next_logs_nothing(run: Run, stated: int, next_number: int) -> None:
    write("m.json", "1")
    assert run.log_artifact("m:v5", type="model").name == "m:v5", "in an empty collection it is the first number"
    write("m.json", "2")
    with pytest.raises(Conflict, match=f"next number is v{next_number}") as caught:
        run.log_artifact(f"m:v{stated}", type="model", aliases=["champion"], tags=["new"])
    assert caught.value.hint
    assert numbers("m") == [5]
    assert api().artifact("m:latest").version == "v5"
    with pytest.raises(NotFound):
        api().artifact("m:champion")
    assert run.log_artifact("m:v6", type="model").name == "m:v6"


def test_the_same_content_under_another_number_is_a_conflict(run: Run) -> None:
    write("m.json", "1")
    run.log_artifact("m:v0", type="model")
    with pytest.raises(Conflict, match="m:v0 already"):
        run.log_artifact("m:v1", type="model")
    assert numbers("m") == [0]


def test_a_collection_has_one_type(run: Run) -> None:
    write("m.json", "1")
    run.log_artifact("m", type="model")
    write("m.json", "2")
    with pytest.raises(Conflict, match="'model', not 'dataset'"):
        run.log_artifact("m", type="dataset")
    assert numbers("m") == [0]


# --- what a version is -----------------------------------------------------------------------------------------------


def table(flip: int | None = None) -> pa.Table:
    passed = [index % 3 == 0 for index in range(20_000)]
    if flip is not None:
        passed[flip] = not passed[flip]
    return pa.table({"student": pa.array(range(20_000)), "passed": pa.array(passed)})


def log_table(run: Run, frame: Any, **options: Any) -> rollbook.Version:
    draft = rollbook.Artifact("results", "dataset", **options)
    draft.add(frame, "results")
    return run.log_artifact(draft)


def test_one_bool_in_row_10001_or_one_metadata_key_is_another_version(run: Run) -> None:
    first = log_table(run, table(), metadata={"a": 1, "b": 2})
    assert log_table(run, table(), metadata={"b": 2, "a": 1}).name == first.name
    assert log_table(run, table().slice(0), metadata={"a": 1, "b": 2}).name == first.name
    digests = {first.digest}
    for frame, metadata in (
        (table(10_000), {"a": 1, "b": 2}),
        (table(), {"a": 1, "b": 3}),
        (table(), {"a": 1, "b": 2.0}),
        (table(), {"a": 1}),
        (table().rename_columns(["student", "ok"]), {"a": 1, "b": 2}),
        (table().set_column(0, "student", pa.array(range(20_000), pa.int32())), {"a": 1, "b": 2}),
    ):
        digests.add(log_table(run, frame, metadata=metadata).digest)
    assert len(digests) == 7
    assert numbers("results") == list(range(7))


def test_the_class_is_part_of_what_a_version_is(run: Run) -> None:
    one = log_table(run, table(), data_class="public")
    other = log_table(run, table(), data_class="pseudonymous")
    assert one.digest != other.digest
    assert (one.data_class, other.data_class) == ("public", "pseudonymous")


def test_a_second_run_that_makes_the_same_adds_a_statement_and_no_version() -> None:
    write("m.json", "1")
    with begin(config={"seed": 1}) as first:
        made = first.log_artifact("m", type="model")
        first.log_artifact("m", type="model")
    with begin(config={"seed": 2}) as second:
        again = second.log_artifact("m", type="model")
    assert (again.name, again.digest) == (made.name, made.digest) == ("m:v0", made.digest)
    statements = [json.loads(content) for content in again.provenance()]
    seeds = [one["predicate"]["buildDefinition"]["externalParameters"]["parameters"]["seed"] for one in statements]
    invocations = [one["predicate"]["runDetails"]["metadata"]["invocationId"] for one in statements]
    assert seeds == [1, 2]
    assert invocations == [first.facts.id, second.facts.id]
    assert {one["subject"][0]["digest"]["sha256"] for one in statements} == {made.digest.hex}
    assert numbers("m") == [0]


def test_a_statement_names_inputs_parameters_code_and_environment(here: Path) -> None:
    python(GUIDE, here, "1,0.5\n")
    register = api("guide")
    (content,) = register.artifact("math_tutor_model_lr:v1").provenance()
    definition = json.loads(content)["predicate"]["buildDefinition"]
    inputs = {item["name"]: item["digest"]["sha256"] for item in definition["resolvedDependencies"]}
    cleaned, code = register.artifact("student_data_cleaned:v1"), register.artifact("code-guide:v0")
    assert inputs["guide/student_data_cleaned:v1"] == cleaned.digest.hex
    assert definition["externalParameters"]["parameters"] == {"lr": 0.1}
    assert definition["externalParameters"]["code"]["version"] == str(code.digest)
    assert code.get("guide.py").decode() == textwrap.dedent(GUIDE)
    assert "pyarrow" in definition["internalParameters"]["environment"]["packages"]


def test_notes_stand_beside_and_change_nothing(run: Run) -> None:
    write("m.json", "1")
    version = run.log_artifact("m", type="model", description="first", tags=["tried"], metadata={"auc": 0.8})
    digest = version.digest
    version.tag("accuracy_92_percent", remove=["tried"]).describe("better text").annotate(reviewed_by="Bo")
    again = api().artifact("m:v0")
    assert (again.digest, dict(again.metadata)) == (digest, {"auc": 0.8})
    assert (again.tags, again.description) == (("accuracy_92_percent",), "better text")
    kinds = [str(note["kind"]) for note in again.notes()]
    assert sorted(kinds) == ["description", "description", "metadata", "tag", "tag"]
    removed = [note for note in again.notes() if note["removed_at"]]
    assert [note["value"] for note in removed if note["kind"] == "tag"] == ["tried"]


# --- drafts, references, downloads -----------------------------------------------------------------------------------


def test_a_draft_on_top_of_a_parent(run: Run) -> None:
    for name in ("a.txt", "d/b.txt", "d/c.txt"):
        write(f"source/{name}", name)
    parent = run.log_artifact("source", name="set", type="dataset", metadata={"k": 1})
    draft = parent.new_draft()
    draft.remove("d/b.txt")
    draft.add_file(write("new.txt", "new a"), "a.txt")
    with draft.new_file("e/f.txt") as stream:
        stream.write("f")
    child = run.log_artifact(draft)
    assert child.name == "set:v1"
    assert draft.wait() is child
    assert [entry.path for entry in child.files()] == ["a.txt", "d/c.txt", "e/f.txt"]
    assert {entry.path: child.get(entry.path) for entry in child.files()} == {
        "a.txt": b"new a",
        "d/c.txt": b"d/c.txt",
        "e/f.txt": b"f",
    }
    assert [entry.path for entry in api().artifact("set:v0").files()] == ["a.txt", "d/b.txt", "d/c.txt"]
    assert run.log_artifact(parent.new_draft()).name == "set:v0", "nothing changed is no new version"
    with pytest.raises(InvalidInput, match="never changes"):
        draft.add_file("new.txt")


def test_download_verify_and_get(run: Run, here: Path) -> None:
    for index in range(30):
        write(f"source/f{index:02}.bin", str(index) * index * 1000)
    write("source/tool.sh", "#!/bin/sh\n").chmod(0o755)
    version = run.log_artifact("source", name="set", type="dataset")
    folder = Path(version.download("out"))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in (here / "source").iterdir()
    }
    assert (folder / "tool.sh").stat().st_mode & 0o111
    version.verify("out")
    version.verify()
    (folder / "f07.bin").write_text("7" * 6999 + "8")
    with pytest.raises(CorruptData, match=r"f07\.bin differs"):
        version.verify("out")
    version.download("out")
    version.verify("out")
    assert Path(version.download()).name == "set-v0"
    with version.open("f20.bin") as stream:
        stream.seek(39_990)
        assert stream.read() == b"20" * 5
    with pytest.raises(NotFound, match="nothing"):
        version.get("nothing")


def test_tables_come_back_as_they_were(run: Run) -> None:
    version = log_table(run, table())
    assert version.get("results").equals(table())
    assert version.entry("results").rows == 20_000


def test_references_are_recorded_checked_and_traced(run: Run, transport: str) -> None:
    big = write("elsewhere/big.csv", "1,2\n" * 1000)
    draft = rollbook.Artifact("linked", "dataset")
    draft.add_reference(big.resolve().as_uri(), "big.csv")
    draft.add_reference("s3://bucket/far.parquet", checksum="etag:abc", size=10)
    version = run.log_artifact(draft)
    outcome = api().verify("linked:v0")
    assert outcome.ok
    unchecked = ["linked:v0 far.parquet"] if transport == "embedded" else ["linked:v0 big.csv", "linked:v0 far.parquet"]
    assert [fault.what for fault in outcome.faults] == unchecked, "what cannot be checked is said"
    assert Path(version.download("out"), "big.csv").read_text() == big.read_text()
    big.write_text("1,3\n" * 1000)
    # A server does not look into files of its own because a version names them.
    seen = transport == "embedded"
    assert [fault.finding for fault in api().verify("linked:v0").damage] == ["damaged"] * seen
    with pytest.raises(CorruptData, match="has changed"):
        version.download("other")
    big.unlink()
    assert [fault.finding for fault in api().verify("linked:v0").damage] == ["missing"] * seen
    with pytest.raises(InvalidInput, match="reference"):
        version.get("far.parquet")


# --- lineage and aliases ---------------------------------------------------------------------------------------------


def test_lineage_goes_both_ways_to_any_depth() -> None:
    write("raw.csv", "1")
    with begin() as ingest:
        ingest.log_artifact("raw", type="dataset")
    for index in range(1, 6):
        with begin() as step:
            step.use_artifact("raw:v0" if index == 1 else f"step{index - 1}:v0", type="dataset")
            write("out.csv", str(index))
            step.log_artifact("out.csv", name=f"step{index}", type="dataset")
    graph = api().lineage("step3:v0")
    depths = {node.name: node.depth for node in graph.nodes if node.kind == "version"}
    assert {name for name, depth in depths.items() if depth < 0} == {"raw:v0", "step1:v0", "step2:v0"}
    assert {name for name, depth in depths.items() if depth > 0} == {"step4:v0", "step5:v0"}
    up = api().lineage("step5:v0", down=False)
    assert {node.name for node in up.nodes if node.kind == "version"} == {
        "raw:v0",
        *(f"step{i}:v0" for i in range(1, 6)),
    }
    near = api().lineage("raw:v0", up=False, depth=2)
    assert {node.name for node in near.nodes if node.kind == "version"} == {"raw:v0", "step1:v0"}


def test_using_what_is_not_there_or_of_another_type_is_refused(run: Run) -> None:
    write("m.json", "1")
    run.log_artifact("m", type="model")
    for reference in ("nothing:v0", "m:v1", "m:champion", "other/m:v0", "sha256:00000000"):
        with pytest.raises(NotFound):
            run.use_artifact(reference)
    with pytest.raises(InvalidInput, match="is a model, not a dataset"):
        run.use_artifact("m:v0", type="dataset")


def moment() -> str:
    """An instant strictly between what was before and what comes next."""
    time.sleep(0.002)
    text = datetime.now(UTC).isoformat()
    time.sleep(0.002)
    return text


def test_aliases_move_with_history_segments_and_as_of(run: Run) -> None:
    versions: list[rollbook.Version] = []
    for index in range(4):
        write("m.json", str(index))
        versions.append(run.log_artifact("m", type="model"))
    register = api()
    before = moment()
    register.promote("m:v0", reason="first")
    after_first = moment()
    register.promote("m:v1", reason="better AUC")
    register.alias("m:v2", "champion", segment="grade=8", reason="better for grade 8")
    after_second = moment()
    register.promote("m:v3", reason="retrained")
    assert register.artifact("m:champion").version == "v3"
    assert register.artifact("m:champion/grade=8").version == "v2"
    assert register.artifact(f"m:champion@{after_first}").version == "v0"
    assert register.artifact(f"m:champion@{after_second}").version == "v1"
    assert register.artifact(f"m:champion/grade=8@{after_second}").version == "v2"
    for missing in (f"m:champion@{before}", f"m:champion/grade=8@{after_first}", "m:champion/grade=9"):
        with pytest.raises(NotFound):
            register.artifact(missing)
    move = register.rollback("m", reason="fairness gap")
    assert (move.from_number, move.to_number, move.reason, move.actor) == (3, 1, "fairness gap", "user:ana")
    assert register.artifact("m:champion").version == "v1"
    assert register.rollback("m").to_number == 0, "rolling back twice goes back twice"
    history = [
        (move.segment, move.from_number, move.to_number, move.action, move.reason)
        for move in register.alias_history("m", "champion")
    ]
    assert history[:5] == [
        ("", None, 0, "promote", "first"),
        ("", 0, 1, "promote", "better AUC"),
        ("grade=8", None, 2, "set", "better for grade 8"),
        ("", 1, 3, "promote", "retrained"),
        ("", 3, 1, "rollback", "fairness gap"),
    ]
    assert register.artifact("m:champion/grade=8").version == "v2", "a rollback leaves other segments alone"


def test_digests_name_versions_by_a_unique_prefix(run: Run) -> None:
    write("m.json", "1")
    version = run.log_artifact("m", type="model")
    for reference in (str(version.digest), str(version.digest)[:15], f"sha256:{version.digest.hex[:20].upper()}"):
        assert api().artifact(reference).name == "m:v0"


# --- runs ------------------------------------------------------------------------------------------------------------


def test_config_history_and_summary_are_kept() -> None:
    with begin(config={"lr": 0.1}, job_type="train", group="g", tags=["t"], notes="n") as run:
        run.config.epochs = 3
        for epoch in range(3):
            run.log({"loss": 1 / (epoch + 1)}, commit=False)
            run.log({"accuracy": epoch / 3, "nested": {"a": epoch}})
        run.log({"late": float("nan")}, step=10)
        run.summary["best"] = 0.9
    known = api().run(run.id)
    assert (known.state, known.config, known.job_type, known.group) == (
        "finished",
        {"lr": 0.1, "epochs": 3},
        "train",
        "g",
    )
    assert known.summary["best"] == 0.9
    assert known.summary["loss"] == 1 / 3
    rows = list(api().history(run.id))
    assert [row["_step"] for row in rows] == [0, 1, 2, 10]
    assert rows[1]["loss"] == 0.5
    assert rows[1]["accuracy"] == 1 / 3


def test_a_run_that_fails_is_seen_to_have_failed() -> None:
    with pytest.raises(ZeroDivisionError), begin() as run:
        run.log({"loss": 1 / 0})
    assert api().run(run.id).state == "failed"
    for late in (lambda: run.log({"x": 1}), lambda: run.log_artifact("x", type="model")):
        with pytest.raises(InvalidInput, match="finished"):
            late()


# --- bad input changes nothing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        ({"artifact": "missing:v0", "type": "dataset"}, SourceUnreadable),
        ({"artifact": "no/such/file", "type": "dataset"}, SourceUnreadable),
        ({"artifact": "good.csv"}, InvalidInput),
        ({"artifact": "good.csv", "type": "a/b"}, InvalidInput),
        ({"artifact": "good.csv", "name": "latest", "type": "dataset"}, InvalidInput),
        ({"artifact": "good.csv", "name": "../x", "type": "dataset"}, InvalidInput),
        ({"artifact": "good.csv", "type": "dataset", "aliases": ["v1"]}, InvalidInput),
        ({"artifact": "good.csv", "type": "dataset", "aliases": ["a/b"]}, InvalidInput),
        ({"artifact": "good.csv", "type": "dataset", "tags": ["a\x00"]}, InvalidInput),
        ({"artifact": "good.csv", "type": "dataset", "tags": ["checked:x"]}, InvalidInput),
        ({"artifact": "good.csv", "type": "dataset", "metadata": {"x": object()}}, InvalidInput),
        ({"artifact": "good.csv", "type": "dataset", "metadata": {"x": "\ud800"}}, InvalidInput),
        ({"artifact": "good.csv", "type": "dataset", "metadata": {"x": "y" * 2_000_000}}, InvalidInput),
        ({"artifact": "good.csv", "type": "dataset", "data_class": "secret"}, InvalidInput),
        ({"artifact": "good.csv", "type": "dataset", "description": "a\x00"}, InvalidInput),
        ({"artifact": "good.csv", "type": "dataset", "description": "\ud800"}, InvalidInput),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_bad_input_gets_its_error_and_logs_nothing(run: Run, attempt: dict[str, Any], error: type[Exception]) -> None:
    write("good.csv", "1")
    with pytest.raises(error) as caught:
        run.log_artifact(**attempt)
    str(caught.value).encode()
    assert getattr(caught.value, "hint", "")
    assert api().collections() == []
    assert api().verify().ok


def test_paths_that_clash_are_found_before_anything_is_kept(run: Run) -> None:
    write("a.txt", "1")
    draft = rollbook.Artifact("m", "model")
    draft.add_file("a.txt", "a")
    draft.add_file("a.txt", "a/b")
    with pytest.raises(InvalidInput, match="both a file and a folder"):
        run.log_artifact(draft)
    assert api().collections() == []


def test_a_file_that_vanishes_or_changes_before_it_is_read(run: Run) -> None:
    draft = rollbook.Artifact("m", "model")
    draft.add_file(write("a.txt", "1"))
    Path("a.txt").unlink()
    with pytest.raises(SourceUnreadable, match=r"a\.txt"):
        run.log_artifact(draft)
    Path("a.txt").mkdir()
    with pytest.raises(SourceUnreadable, match=r"a\.txt"):
        run.log_artifact(draft)
    Path("a.txt").rmdir()
    write("a.txt", "what is there now")
    assert run.log_artifact(draft).get("a.txt") == b"what is there now"


def test_a_script_whose_name_is_not_ascii_is_kept_too(here: Path) -> None:
    (here / "modèle é.py").write_text(
        "import rollbook\n"
        "open('m.json', 'w').write('1')\n"
        "with rollbook.init(project='math') as run:\n    run.log_artifact('m', type='model')\n"
    )
    environment = {"PYTHONPATH": str(SOURCES), "PATH": "/usr/bin:/bin", "HOME": str(here), **told()}
    command = [sys.executable, "modèle é.py"]
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert [item.name for item in api().collections("code")] == ["code-mod-le"]
    assert b"import rollbook" in api().artifact("code-mod-le:v0").get("modèle é.py")
