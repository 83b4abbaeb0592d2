"""Evaluations are paired by row key, and refused when they are not about the same thing."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from rollbook.compare import ComparisonPlan, compare
from rollbook.compare.attributes import MISSING
from rollbook.compare.cohort import align
from rollbook.model.errors import InvalidInput, InvalidTable, UnlikeProtocols

PLAN = ComparisonPlan(metrics=("auc", "f1"), by=(("gender",),), n_boot=100)


def shuffled(data, order):
    columns = {name: getattr(data, name)[order] for name in ("row", "student", "truth", "score")}
    return msgspec.structs.replace(data, **columns, groups={k: v[order] for k, v in data.groups.items()})


def test_the_order_of_rows_does_not_matter_to_the_last_bit(make) -> None:
    a, b = make(60, 3), make(60, 3, noise=2.0)
    order = np.random.default_rng(0).permutation(len(a.row))
    straight, mixed = compare([a, b], PLAN), compare([shuffled(a, order), b], PLAN)
    assert straight.to_dict() == mixed.to_dict()


def test_nothing_and_the_same_label_twice_are_refused(make) -> None:
    with pytest.raises(InvalidInput, match="nothing to compare"):
        align([], PLAN)
    with pytest.raises(InvalidInput, match=r"named twice: noise-1.0:v1"):
        align([make(), make()], PLAN)


def test_an_unknown_reference_and_attribute_are_refused(make) -> None:
    with pytest.raises(InvalidInput, match="reference 'x:v1' is not compared"):
        align([make()], ComparisonPlan(reference="x:v1"))
    with pytest.raises(InvalidInput, match="no attribute 'age'") as refused:
        align([make()], ComparisonPlan(by=(("age",),)))
    assert refused.value.hint == "it has: band, gender"


def test_unlike_protocols_are_named_with_their_values(make) -> None:
    a = make(protocol={"split": "student", "masking": "none"})
    b = make(noise=2.0, protocol={"split": "time"})
    with pytest.raises(UnlikeProtocols) as refused:
        compare([a, b], PLAN)
    said = refused.value.message
    assert "split is 'student' in noise-1.0:v1, 'time' in noise-2.0:v1" in said
    assert "masking is 'none' in noise-1.0:v1, '(absent)' in noise-2.0:v1" in said


def test_different_tasks_are_unlike_protocols(make) -> None:
    a, b = make(), make(noise=2.0)
    with pytest.raises(UnlikeProtocols, match=r"task is 'binary' in noise-1.0:v1, 'numeric'"):
        compare([a, msgspec.structs.replace(b, truth=b.truth * 3)], PLAN)


def test_different_rows_are_refused_or_intersected(make) -> None:
    a, b = make(), make(noise=2.0)
    fewer = shuffled(b, np.arange(10, 300))
    with pytest.raises(UnlikeProtocols, match=r"\(290 shared\): noise-1.0:v1 has 300 rows, 10 of them not"):
        compare([a, fewer], PLAN)
    report = compare([a, fewer], msgspec.structs.replace(PLAN, rows="intersection"))
    assert report.n == 290
    assert "10 rows were left out" in report.warnings[0]
    shifted = msgspec.structs.replace(b, row=b.row + 1000)
    with pytest.raises(UnlikeProtocols, match=r"\(0 shared\)"):
        compare([a, shifted], msgspec.structs.replace(PLAN, rows="intersection"))


def test_row_keys_of_different_types_are_refused(make) -> None:
    a, b = make(), make(noise=2.0)
    with pytest.raises(InvalidTable, match="numbers in some evaluations and text in others"):
        compare([a, msgspec.structs.replace(b, row=b.row.astype(str))], PLAN)


@pytest.mark.parametrize("column", ["truth", "student", "weight"])
def test_facts_that_differ_between_versions_are_refused(make, column) -> None:
    a, b = make(weight=np.ones(300)), make(noise=2.0, weight=np.ones(300))
    changed = getattr(b, column).copy()
    changed[7] = 1 - changed[7] if column == "truth" else changed[7] + 1
    with pytest.raises(InvalidTable, match=rf"{column} differs between .* in 1 rows, the first is row 7"):
        compare([a, msgspec.structs.replace(b, **{column: changed})], PLAN)


def test_a_group_that_differs_between_versions_is_refused(make) -> None:
    a, b = make(), make(noise=2.0)
    other = b.groups["gender"].copy()
    other[3] = "F"
    with pytest.raises(InvalidTable, match="group 'gender' differs"):
        compare([a, msgspec.structs.replace(b, groups={"gender": other})], PLAN)


def test_missing_labels_are_a_level_of_their_own(make) -> None:
    labels = np.array(["F", None, "", float("nan"), 2.0] * 60, dtype=object)
    report = compare([make(groups={"gender": labels})], PLAN)
    values = {row.group_value: row.n for row in report.rows if row.metric == "auc" and row.group_attr}
    assert values == {MISSING: 180, "2": 60, "F": 60}
    assert "gender is not recorded for 180 students" in report.warnings


def test_too_many_groups_are_refused(make) -> None:
    data = make(groups={"gender": np.arange(300)})
    with pytest.raises(InvalidInput, match="300 groups, more than max_groups=200"):
        compare([data], PLAN)


def test_a_version_that_cannot_give_a_metric_is_named(make) -> None:
    with pytest.raises(InvalidTable, match=r"'f1' needs decisions.*: noise-1.0:v1"):
        compare([make(threshold=None)], PLAN)
    with pytest.raises(InvalidTable, match="'auc' needs scores"):
        compare([make(score=None, prediction=np.zeros(300))], PLAN)
    with pytest.raises(InvalidTable, match="'brier' needs probabilities, and scores run from"):
        compare([make(score=np.linspace(-1, 5, 300))], ComparisonPlan(metrics=("brier",)))
    with pytest.raises(InvalidInput, match="metric 'rmse' is for numeric truth"):
        compare([make()], ComparisonPlan(metrics=("rmse",)))
    with pytest.raises(InvalidInput, match="unknown metric 'aucc'"):
        compare([make()], ComparisonPlan(metrics=("aucc",)))
    with pytest.raises(InvalidTable, match="neither 0 nor 1"):
        compare([make(prediction=np.full(300, 0.5))], PLAN)


def test_a_score_at_the_threshold_is_flagged(make) -> None:
    data = make(4, truth=np.array([0.0, 1, 0, 1]), score=np.array([0.4, 0.5, 0.5, 0.6]))
    row = compare([data], ComparisonPlan(metrics=("selection_rate",), n_boot=100)).rows[0]
    assert row.value == 0.75
