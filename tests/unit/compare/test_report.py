"""Reports are JSON-safe, complete, repeatable and easy to read out."""

from __future__ import annotations

import json
import math

import msgspec
import numpy as np
import pytest

from rollbook.compare import METRICS, ComparisonPlan, compare
from rollbook.compare.bootstrap import MAX_REPLICATES
from rollbook.model.errors import InvalidInput, NotFound

PLAN = ComparisonPlan(metrics=("auc", "f1"), by=(("gender",), ("gender", "band")), n_boot=100)
BINARY = tuple(name for name, metric in METRICS.items() if metric.task == "binary")


def test_rows_are_a_complete_long_table(make) -> None:
    report = compare([make(), make(noise=2.0)], PLAN)
    assert len(report.rows) == 2 * 2 * (1 + 2 + 6)
    assert [row.group_attr for row in report.rows[:5]] == ["", "", "", "", "gender"]
    assert {row.group_value for row in report.rows if row.group_attr == "gender & band"} == {
        f"{g} & {b}" for g in "FM" for b in ("low", "mid", "high")
    }
    assert len({(r.model, r.metric, r.group_attr, r.group_value) for r in report.rows}) == len(report.rows)


def test_groups_partition_everyone(make) -> None:
    report = compare([make(per_student=3)], msgspec.structs.replace(PLAN, metrics=("accuracy",)))
    for attribute in ("gender", "gender & band"):
        assert sum(row.n for row in report.rows if row.group_attr == attribute) == report.n == 900


def test_equal_inputs_give_equal_reports_and_another_seed_other_intervals(make) -> None:
    data = [make(), make(noise=2.0)]
    first = compare(data, PLAN)
    assert first.to_dict() == compare(data, PLAN).to_dict()
    other = compare(data, msgspec.structs.replace(PLAN, seed=1))
    assert other.row("noise-1.0:v1", "f1").value == first.row("noise-1.0:v1", "f1").value
    assert other.row("noise-1.0:v1", "f1").low != first.row("noise-1.0:v1", "f1").low


def numbers(value):
    if isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from numbers(inner)
    elif isinstance(value, float):
        yield value


@pytest.mark.parametrize("size", [1, 2, 5, 40])
def test_json_holds_no_number_that_is_not_one_however_little_there_is(make, size) -> None:
    plan = ComparisonPlan(metrics=BINARY, by=(("gender",), ("gender", "band")), n_boot=100)
    body = compare([make(size), make(size, noise=2.0, stream=1)], plan).to_dict()
    assert json.loads(json.dumps(body, allow_nan=False))["plan"]["metrics"] == list(BINARY)
    assert all(math.isfinite(number) for number in numbers(body))


def test_every_value_lies_within_its_interval(make) -> None:
    plan = ComparisonPlan(metrics=BINARY, by=(("gender",),), n_boot=400)
    for row in compare([make(300, 2)], plan).rows:
        # A binned error is biased upward by resampling: its percentiles may lie above the value.
        if row.low is not None and METRICS[row.metric].minimum != "binned":
            assert row.low <= row.value <= row.high, row


def test_rows_and_tied_sets_are_found_by_name_or_not_at_all(make) -> None:
    report = compare([make()], PLAN)
    assert report.row("noise-1.0:v1", "auc", "gender", "F").n == 150
    with pytest.raises(NotFound, match="gender"):
        report.row("noise-1.0:v1", "auc", "gender", "X")
    with pytest.raises(NotFound, match="no tied set for mcc"):
        report.tied_set("mcc")


def test_what_would_not_fit_is_refused_before_it_is_tried(make) -> None:
    plan = ComparisonPlan(metrics=BINARY, by=(("gender",),), n_boot=100_000)
    data = [make(40, label=f"m{k}:v1") for k in range(30)]
    assert 3 * 30 * len(BINARY) * 100_000 > MAX_REPLICATES
    with pytest.raises(InvalidInput, match="too much at once: 3 groups x 30 versions"):
        compare(data, plan)


def test_reading_a_report_needs_these_caveats(make) -> None:
    weight = np.ones(300)
    report = compare([make(label=f"m{k}:v1", stream=k, weight=weight) for k in range(11)], PLAN)
    assert any("rows are weighted" in said for said in report.warnings)
    assert "the best of 11 versions looks better here than it will on new students" in report.warnings
