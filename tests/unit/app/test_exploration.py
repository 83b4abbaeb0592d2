"""Exploring: any filter at once, equal to what compare says, kept for ever, and only for those who may see rows."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rollbook.app import comparison, cubes, exploration
from rollbook.app.register import Register
from rollbook.model.errors import Forbidden, InvalidInput, InvalidTable, UnlikeProtocols
from rollbook.model.facts import NewRun
from rollbook.sdk.embedded import Embedded
from rollbook.sdk.run import Run
from rollbook.sdk.version import Version

STUDENTS = 600


@pytest.fixture
def run(register: Register) -> Any:
    transport = Embedded(register)
    with Run(transport.start_run(NewRun(project="math")), transport, save_code=False) as run:
        yield run


@pytest.fixture
def evaluated(run: Run, tmp_path: Path) -> Callable[..., Version]:
    (tmp_path / "data.csv").write_text("x\n1\n", encoding="utf-8")
    dataset = run.log_artifact(tmp_path / "data.csv", type="dataset")
    ids = list(range(STUDENTS))
    roster = run.log_roster(
        pa.table(
            {
                "student": ids,
                "gender": [("f", "m")[student % 2] for student in ids],
                "grade": [str(student % 5) for student in ids],
            }
        )
    )

    def make(name: str, noise: float, *, order: int = 1, truth_seed: int = 3, **columns: Any) -> Version:
        rng = np.random.default_rng(7)
        truth = np.random.default_rng(truth_seed).integers(0, 2, STUDENTS)
        score = 1 / (1 + np.exp(-(2 * truth - 1 + noise * rng.normal(size=STUDENTS))))
        (tmp_path / f"{name}.json").write_text(name, encoding="utf-8")
        model = run.log_artifact(tmp_path / f"{name}.json", type="model")
        table = pa.table({"row": ids, "student": ids, "truth": truth, "score": score, **columns})
        run.log_evaluation(
            model=model,
            dataset=dataset,
            roster=roster,
            predictions=table.take(np.array(ids[::order])),
            protocol={"threshold": 0.5},
        )
        return model

    return make


def ask(register: Register, *references: str, **options: Any) -> Any:
    return exploration.explore(register, references, "math", **({"where": {}} | options))


@pytest.mark.parametrize("where", [{}, {"gender": ["f"]}, {"gender": ["f"], "grade": ["3"]}])
def test_it_says_what_compare_says(register: Register, evaluated: Callable[..., Version], where: Any) -> None:
    evaluated("good", 0.5)
    evaluated("bad", 4.0, order=-1)
    metrics = ["auc", "f1", "brier"]
    found = ask(register, "good:v0", "bad:v0", where=where, metrics=metrics)
    plain = {name: levels[0] for name, levels in where.items()}
    full = comparison.compare(register, ["good:v0", "bad:v0"], "math", {"where": plain, "metrics": metrics})
    expected = {(row["model"], row["metric"]): row for row in full.rows}
    for row in found.rows:
        exact = expected[row.model, row.metric]
        assert row.value == pytest.approx(exact["value"], abs=row.bound + 1e-12)
        declared = len(where) < 2
        assert (row.interval == "delong-logit") == (row.metric == "auc" and declared)
        if row.interval != "pending":
            assert (row.low, row.high) == pytest.approx((exact["low"], exact["high"]), abs=1e-12)
    assert (found.n, found.n_students, found.n_students_exact) == (full.n, full.n_students, True)
    assert found.attributes["gender"] == ("f", "m")


def test_a_cube_is_made_once_and_can_be_thrown_away(
    register: Register, evaluated: Callable[..., Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluated("good", 0.5)
    first = ask(register, "good:v0")

    def forbidden(*_: object) -> None:
        raise AssertionError("rows were read again")

    with monkeypatch.context() as patched:
        patched.setattr(exploration, "_build", forbidden)
        assert ask(register, "good:v0") == first
    shutil.rmtree(register.root / cubes.FOLDER)
    cubes._load.cache_clear()
    assert ask(register, "good:v0") == first


@pytest.mark.parametrize("damage", ["counts.npy", "facts.json", "sums.npy"])
def test_a_damaged_cube_is_made_again(register: Register, evaluated: Callable[..., Version], damage: str) -> None:
    evaluated("good", 0.5)
    first = ask(register, "good:v0")
    (folder,) = (register.root / cubes.FOLDER).iterdir()
    whole = (folder / damage).read_bytes()
    for bad in (whole[:20], whole[:-1] + bytes([whole[-1] ^ 1]), b""):
        cubes._load.cache_clear()
        (folder / damage).write_bytes(bad)
        assert ask(register, "good:v0") == first
        assert (folder / damage).read_bytes() == whole


def test_versions_on_other_rows_are_not_put_side_by_side(register: Register, evaluated: Callable[..., Version]) -> None:
    evaluated("a", 1.0)
    evaluated("b", 1.0, truth_seed=4)
    with pytest.raises(UnlikeProtocols, match="b:v0 was evaluated on other rows or with other"):
        ask(register, "a:v0", "b:v0")


def test_versions_with_other_attributes_of_students_are_not_put_side_by_side(
    register: Register, evaluated: Callable[..., Version]
) -> None:
    swapped = {"group:school": ["north", "south"] * (STUDENTS // 2)}
    evaluated("a", 1.0, **swapped)
    evaluated("b", 1.0, **{"group:school": swapped["group:school"][::-1]})
    with pytest.raises(UnlikeProtocols, match="b:v0 was evaluated on other rows or with other attributes"):
        ask(register, "a:v0", "b:v0", where={"school": ["north"]})


def test_who_may_not_see_rows_may_not_choose_students(
    register: Register, evaluated: Callable[..., Version], as_role: Callable[..., Register]
) -> None:
    evaluated("a", 1.0)
    with pytest.raises(Forbidden, match=r"rows\.read"):
        ask(as_role("viewer"), "a:v0")


def test_what_cannot_be_asked_is_refused(register: Register, evaluated: Callable[..., Version]) -> None:
    evaluated("a", 1.0)
    evaluated("weighted", 1.0, weight=[2.0] * STUDENTS)
    with pytest.raises(InvalidInput, match="'school'"):
        ask(register, "a:v0", where={"school": ["1"]})
    with pytest.raises(InvalidInput, match="no attribute 'school'"):
        ask(register, "a:v0", attributes=["school"])
    with pytest.raises(InvalidInput, match="0 versions"):
        ask(register)
    with pytest.raises(InvalidTable, match="has weights"):
        ask(register, "weighted:v0")
