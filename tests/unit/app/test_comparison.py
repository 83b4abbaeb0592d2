"""Comparing through the verbs: which evaluations are found, what is refused, and who sees small groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rollbook.app import comparison
from rollbook.app.register import Register
from rollbook.model.errors import InvalidInput, JoinMismatch, NotFound, UnlikeProtocols
from rollbook.model.permission import Actor
from rollbook.model.results import Comparison
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


class TestAnEducatorWithAScope:
    """Sees the figures of the students that are taught, and none of the others."""

    @pytest.fixture
    def dated(self, run: Run, tmp_path: Path, dataset: Version) -> Version:
        """Students 0-99 are in 8A, the others in 8B; on day 10, students 0-49 change to 8B. School 12 is 0-199."""
        at = lambda day: datetime(2026, 9, day, tzinfo=UTC)  # noqa: E731
        rows = [(student, "8A" if student < 100 else "8B", at(1), None) for student in range(50, STUDENTS)]
        rows += [(student, "8A", at(1), at(10)) for student in range(50)]
        rows += [(student, "8B", at(10), None) for student in range(50)]
        students, classes, begins, ends = zip(*rows, strict=True)
        schools = ["12" if student < 200 else "13" for student in students]
        columns = {"student": students, "class": classes, "school": schools, "valid_from": begins, "valid_to": ends}
        roster = run.log_roster(pa.table({name: list(values) for name, values in columns.items()}))
        (tmp_path / "m.json").write_text("m", encoding="utf-8")
        model = run.log_artifact(tmp_path / "m.json", type="model")
        rng = np.random.default_rng(7)
        predictions = {
            "row": list(range(2 * STUDENTS)),
            "student": [*range(STUDENTS), *range(STUDENTS)],
            "time": [at(5)] * STUDENTS + [at(15)] * STUDENTS,
            "truth": rng.integers(0, 2, 2 * STUDENTS),
            "score": rng.random(2 * STUDENTS),
        }
        run.log_evaluation(model=model, dataset=dataset, roster=roster, predictions=pa.table(predictions))
        return model

    @staticmethod
    def seen(register: Register, *segments: str, **more: Any) -> Comparison:
        actor = Actor("user:bo", "local", None, {"": ("educator",)}, segments={"": segments}, **more)
        return comparison.compare(replace(register, actor=actor), ["m:v0"], "math", {})

    @pytest.mark.parametrize(
        ("segments", "rows", "students"),
        [
            (("class=8A",), 100 + 50, 100),
            (("class=8B",), 300 + 350, 350),
            (("class=8A,school=12",), 150, 100),
            (("class=8B,school=12",), 100 + 150, 150),
            (("class=8A", "school=13"), 150 + 400, 300),
            (("class=8A", ""), 800, 400),
            ((), 800, 400),
        ],
    )
    def test_counts_each_row_by_the_roster_of_its_time(
        self, register: Register, dated: Version, segments: tuple[str, ...], rows: int, students: int
    ) -> None:
        found = self.seen(register, *segments)
        assert (found.n, found.n_students) == (rows, students)
        limited = bool(segments) and "" not in segments
        assert found.plan.get("students") == (sorted(segments) if limited else None)

    def test_gets_the_figures_that_an_analyst_gets_by_filtering(self, register: Register, dated: Version) -> None:
        filtered = comparison.compare(register, ["m:v0"], "math", {"where": {"class": "8B", "school": "12"}})
        taught = self.seen(register, "class=8B,school=12")
        values = [[row["value"] for row in report.rows] for report in (filtered, taught)]
        assert values[0] == values[1]

    def test_cannot_ask_for_other_students(self, register: Register, dated: Version) -> None:
        actor = Actor("user:bo", "local", None, {"": ("educator",)}, segments={"": ("class=8A",)})
        with pytest.raises(InvalidInput, match="no row"):
            comparison.compare(replace(register, actor=actor), ["m:v0"], "math", {"where": {"class": "8B"}})

    def test_is_told_where_nobody_is_taught_or_the_roster_does_not_say(
        self, register: Register, dated: Version
    ) -> None:
        with pytest.raises(InvalidInput, match="no student of yours"):
            self.seen(register, "class=9Z")
        with pytest.raises(InvalidInput, match="no attribute 'room'"):
            self.seen(register, "room=1")

    def test_who_has_another_role_too_sees_all(self, register: Register, dated: Version) -> None:
        actor = Actor("user:bo", "local", "viewer", {"": ("educator",)}, segments={"": ("class=8A",)})
        assert comparison.compare(replace(register, actor=actor), ["m:v0"], "math", {}).n == 800
