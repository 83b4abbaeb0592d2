from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("scipy")
import numpy as np

from rollbook.compare import ComparisonPlan, EvaluationData, compare
from rollbook.demo import findings
from rollbook.model.results import Comparison


def _comparison(reference: str | None = None) -> Comparison:
    """Three models on 400 students: a good one, one like it, a poor one; group `b` gets many more false alarms."""
    rng = np.random.default_rng(0)
    truth = np.tile([0, 1], 200)
    group = np.repeat(["a", "b"], 200)
    good = truth + rng.normal(0, 0.8, 400) + 1.2 * ((group == "b") & (truth == 0))
    scores = {"m:v0": good, "m:v1": good + rng.normal(0, 0.02, 400), "m:v2": rng.normal(0, 1, 400)}
    data = [
        EvaluationData(
            label=label,
            row=np.arange(400),
            student=np.arange(400),
            truth=truth,
            score=score,
            threshold=0.5,
            groups={"team": group},
            protocol={"task": "binary"},
        )
        for label, score in scores.items()
    ]
    report = compare(data, ComparisonPlan(by=(("team",),), n_boot=300, reference=reference))
    body = report.to_dict()
    tied = report.tied_set("auc")
    return Comparison(
        models=(),
        plan={},
        protocol={},
        n=400,
        n_students=400,
        metrics=report.metrics,
        rows=tuple(body["rows"]),
        gaps=tuple(body["gaps"]),
        pairwise=tuple(body["pairwise"]),
        tied_sets=tuple(body["tied_sets"]),
        best=tied.best or "",
        tied=tied.members,
        warnings=(),
    )


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return _comparison(reference="m:v0")


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"value": 0.8224, "low": 0.7899, "high": 0.85}, "0.822 (.79-.85)"),
        ({"value": 1.0, "low": 0.97, "high": 1.0}, "1.000 (.97-1.00)"),
        ({"value": 0.5, "low": None, "high": None}, "0.500 (no interval)"),
        ({"value": None, "reason": "one_class", "status": "undefined"}, "one class"),
    ],
)
def test_a_cell_never_shows_a_number_without_its_interval(row: dict[str, Any], text: str) -> None:
    assert findings.cell({"low": None, "high": None, **row}) == text


def test_the_simplest_is_chosen_among_the_tied_only(comparison: Comparison) -> None:
    assert set(comparison.tied) == {"m:v0", "m:v1"}
    assert findings.simplest(comparison, {"m:v0": 50, "m:v1": 7, "m:v2": 1}) == "m:v1"
    assert findings.simplest(comparison, {"m:v0": 3, "m:v1": 7, "m:v2": 1}) == "m:v0"


def test_a_difference_that_is_real_is_called_so_and_one_that_is_not_names_what_would_show(
    comparison: Comparison,
) -> None:
    sentences = {s.split()[2]: s for s in findings.differences_from_best(comparison)}
    poor = sentences["m:v2"]
    assert poor.endswith("it is worse.")
    assert "p < 0.001" in poor
    other = next(s for label, s in sentences.items() if label != "m:v2")
    assert "cannot tell the two apart" in other


def test_worse_means_distinguishable_and_lower(comparison: Comparison) -> None:
    assert findings.against(comparison, "m:v2", "m:v0").worse
    assert not findings.against(comparison, "m:v1", "m:v0").worse
    backwards = findings.against(_comparison(reference="m:v2"), "m:v0", "m:v2")
    assert not backwards.worse
    assert backwards.sentence.endswith("it is better.")


def test_what_was_not_compared_is_not_judged(comparison: Comparison) -> None:
    assert findings.against(comparison, "m:v0", "m:v9") == (False, "m:v0 cannot be compared with m:v9 by AUC-ROC.")


def test_a_clear_gap_is_told_in_words_and_the_others_are_named(comparison: Comparison) -> None:
    said = list(findings.gap_sentences(comparison, "m:v0", "of 100 in {attribute} {group}, {n} are flagged"))
    assert any(s.startswith("FPR by team: a gap of") and "highest for b, lowest for a" in s for s in said)
    words = said[-1]
    assert words.startswith("In words: of 100 in team b, ")
    high, low = (int(part.split()[-3]) for part in words.removesuffix(".").split(";"))
    assert high > low + 20


def test_groups_stand_under_their_attribute(comparison: Comparison) -> None:
    rows = findings.group_rows(comparison, "m:v0", ["team"])
    assert [row[0] for row in rows] == ["team", "  a", "  b"]
    assert rows[1][1] == "200"
