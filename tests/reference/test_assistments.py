"""Real tutoring interactions (ASSISTments 2009): many rows per student, and what that does to an interval."""

from __future__ import annotations

import pytest

from rollbook.compare import ComparisonPlan, EvaluationData, compare

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def skill_mean(real_data):
    """Students of fold 5, each interaction predicted by how often the others solved problems of its skill."""
    import pandas as pd

    source = real_data / "assist2009" / "interactions.csv.gz"
    if not source.is_file():
        pytest.skip("ASSISTments 2009 is not beside this repository")
    table = pd.read_csv(source)
    train, test = table[table["fold"] <= 4], table[table["fold"] == 5]
    rates = train.groupby("skill_id")["correct"].mean()
    return EvaluationData(
        label="skill_mean:v1",
        row=test.index.to_numpy(),
        student=test["user_id"].to_numpy(),
        truth=test["correct"].to_numpy(),
        score=test["skill_id"].map(rates).fillna(train["correct"].mean()).to_numpy(),
        threshold=0.5,
    )


def test_the_baseline_has_the_known_auc_and_error(skill_mean) -> None:
    report = compare([skill_mean], ComparisonPlan(metrics=("auc", "brier", "ece"), n_boot=500))
    assert (report.n, report.n_students) == (68_401, 830)
    row = report.row("skill_mean:v1", "auc")
    assert row.value == pytest.approx(0.616, abs=0.01)
    assert row.method == "obuchowski-logit"
    assert report.row("skill_mean:v1", "brier").value ** 0.5 == pytest.approx(0.465, abs=0.005)
    assert report.row("skill_mean:v1", "ece").value < 0.02


def test_students_with_many_rows_make_an_interval_several_times_wider(skill_mean) -> None:
    import msgspec

    plan = ComparisonPlan(metrics=("auc",), n_boot=100)
    clustered = compare([skill_mean], plan).row("skill_mean:v1", "auc")
    as_if_alone = msgspec.structs.replace(skill_mean, student=skill_mean.row)
    alone = compare([as_if_alone], plan).row("skill_mean:v1", "auc")
    assert alone.value == clustered.value
    assert alone.method == "delong-logit"
    assert clustered.se > 2 * alone.se
