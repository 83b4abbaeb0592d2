"""Comparing through the verbs: which evaluations are found, what is refused, and who sees small groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rollbook.app import comparison
from rollbook.app.register import Register
from rollbook.model.errors import InvalidInput, JoinMismatch, NotFound, UnlikeProtocols
from rollbook.sdk.embedded import Embedded
from rollbook.sdk.run import Run
from rollbook.sdk.version import Version

STUDENTS = 400


@pytest.fixture
def run(register: Register) -> Any:
    from rollbook.model.facts import NewRun

    transport = Embedded(register)
    with Run(transport.start_run(NewRun(project="math")), transport, save_code=False) as run:
        yield run


@pytest.fixture
def dataset(run: Run, tmp_path: Path) -> Version:
    (tmp_path / "data.csv").write_text("x\n1\n", encoding="utf-8")
    return run.log_artifact(tmp_path / "data.csv", type="dataset")


@pytest.fixture
def roster(run: Run) -> Version:
    groups = ["rare" if student < 4 else "common" for student in range(STUDENTS)]
    return run.log_roster(pa.table({"student": list(range(STUDENTS)), "group": groups}))


@pytest.fixture
def evaluated(run: Run, tmp_path: Path, dataset: Version, roster: Version) -> Callable[..., Version]:
    """Log a model and its evaluation; scores are truth plus noise."""

    def make(name: str, noise: float, protocol: Mapping[str, Any] | None = None, students: int = STUDENTS) -> Version:
        rng = np.random.default_rng(7)
        truth = rng.integers(0, 2, students)
        score = 1 / (1 + np.exp(-(2 * truth - 1 + noise * rng.normal(size=students))))
        (tmp_path / f"{name}.json").write_text(name, encoding="utf-8")
        model = run.log_artifact(tmp_path / f"{name}.json", type="model")
        table = pa.table({"student": list(range(students)), "truth": truth, "score": score})
        run.log_evaluation(model=model, dataset=dataset, roster=roster, predictions=table, protocol=protocol)
        return model

    return make


def test_models_are_compared_by_the_evaluations_they_share(
    register: Register, evaluated: Callable[..., Version]
) -> None:
    evaluated("good", 0.5)
    evaluated("bad", 4.0)
    evaluated("good", 0.5, {"split": "temporal"})
    found = comparison.compare(register, ["good:v0", "bad:v0"], "math", {"by": ["group"]})
    assert found.protocol["split"] == ""
    assert found.best == "good:v0"
    assert found.tied == ("good:v0",)
    assert {model.evaluation for model in found.models} == {"good-evaluation:v0", "bad-evaluation:v0"}


def test_unlike_protocols_are_refused_with_what_differs(register: Register, evaluated: Callable[..., Version]) -> None:
    evaluated("a", 1.0, {"split": "student"})
    evaluated("b", 1.0, {"split": "temporal"})
    with pytest.raises(UnlikeProtocols, match="split 'student' and 'temporal'"):
        comparison.compare(register, ["a:v0", "b:v0"], "math", {})


def test_thresholds_may_differ(register: Register, evaluated: Callable[..., Version]) -> None:
    evaluated("a", 1.0, {"threshold": 0.3, "threshold_source": "validation"})
    evaluated("b", 1.0, {"threshold": 0.6, "threshold_source": "validation"})
    found = comparison.compare(register, ["a:v0", "b:v0"], "math", {"metrics": ["fpr"]})
    first, second = (row["value"] for row in found.rows)
    assert first > second


def test_other_students_are_refused(register: Register, evaluated: Callable[..., Version]) -> None:
    evaluated("a", 1.0)
    evaluated("b", 1.0, students=STUDENTS - 1)
    with pytest.raises(UnlikeProtocols, match="399"):
        comparison.compare(register, ["a:v0", "b:v0"], "math", {})


def test_a_roster_of_other_students_is_refused(
    register: Register, run: Run, dataset: Version, evaluated: Callable[..., Version]
) -> None:
    model = evaluated("a", 1.0)
    strangers = run.log_roster(pa.table({"student": [f"x{n}" for n in range(50)], "group": ["g"] * 50}), "strangers")
    table = pa.table({"student": ["s1", "s2"], "truth": [0, 1], "score": [0.1, 0.9]})
    run.log_evaluation(model=model, dataset=dataset, roster=strangers, predictions=table, name="odd")
    with pytest.raises(JoinMismatch, match="0 of"):
        comparison.compare(register, ["odd:v0"], "math", {})


def test_a_model_without_an_evaluation_is_named(register: Register, run: Run, tmp_path: Path) -> None:
    (tmp_path / "alone.json").write_text("1", encoding="utf-8")
    run.log_artifact(tmp_path / "alone.json", type="model")
    with pytest.raises(NotFound, match="alone:v0 has no evaluation"):
        comparison.compare(register, ["alone:v0"], "math", {})


@pytest.mark.parametrize(
    ("references", "options"),
    [
        (["a:v0", "a:v0"], {}),
        ([], {}),
        (["a:v0"], {"colour": "red"}),
        (["a:v0"], {"reference": "b:v0"}),
        (["a:v0"], {"by": ["height"]}),
        (["a:v0"], {"where": {"height": "tall"}}),
        (["a:v0"], {"where": {"group": "none"}}),
        (["a:v0"], {"metrics": ["magic"]}),
    ],
)
def test_bad_questions_are_refused(
    register: Register, evaluated: Callable[..., Version], references: list[str], options: dict[str, Any]
) -> None:
    evaluated("a", 1.0)
    with pytest.raises(InvalidInput):
        comparison.compare(register, references, "math", options)


def test_a_filter_keeps_the_rows_of_a_group(register: Register, evaluated: Callable[..., Version]) -> None:
    evaluated("a", 1.0)
    found = comparison.compare(register, ["a:v0"], "math", {"where": {"group": "common"}})
    assert found.n_students == STUDENTS - 4
    assert found.plan["where"] == {"group": "common"}


def test_the_same_question_has_the_same_answer(register: Register, evaluated: Callable[..., Version]) -> None:
    evaluated("a", 1.0)
    evaluated("b", 2.0)
    ask = (["a:v0", "b:v0"], "math", {"by": ["group"], "seed": 3})
    assert comparison.compare(register, *ask).digest == comparison.compare(register, *ask).digest


def test_only_the_owner_and_analysts_see_small_groups(
    register: Register, evaluated: Callable[..., Version], as_role: Callable[..., Register]
) -> None:
    evaluated("a", 1.0)
    ask = (["a:v0"], "math", {"by": ["group"], "metrics": ["accuracy"]})
    shown = {role: comparison.compare(as_role(role), *ask).rows for role in ("owner", "analyst", "viewer", "educator")}
    for role in ("owner", "analyst"):
        assert all(row["status"] == "ok" for row in shown[role])
    for role in ("viewer", "educator"):
        # The rare group is hidden for its size, and the other one because it would give the rare one away.
        hidden = [row for row in shown[role] if row["group_attr"] == "group"]
        assert {row["status"] for row in hidden} == {"suppressed"}
        assert all(row[name] is None for row in hidden for name in ("value", "low", "high", "se", "n", "n_students"))
