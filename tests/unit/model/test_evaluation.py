"""The evaluation protocol refuses contradictions and has one canonical form."""

from __future__ import annotations

from typing import Any

import pytest

from rollbook.model.errors import InvalidInput
from rollbook.model.evaluation import EVALUATION_COLUMNS, EvaluationProtocol


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"task": "binery"}, "binery"),
        ({"threshold_source": "guess"}, "guess"),
        ({"masking": "all"}, "all"),
        ({"granularity": "essay"}, "essay"),
        ({"score_scale": "percent"}, "percent"),
        ({"threshold": float("nan")}, "nan"),
        ({"threshold": 1.5}, "1.5"),
        ({"labels": ("a", "a")}, "repeat"),
        ({"labels": ("0", "1", "2")}, "binary"),
        ({"labels": ("Pass", "Fail")}, "'1'"),
        ({"window": -1}, "-1"),
    ],
)
def test_contradictions_are_refused(facts: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidInput, match=word) as caught:
        EvaluationProtocol(**facts)
    assert caught.value.hint


def test_the_canonical_form_is_flat_and_says_what_applies() -> None:
    assert EvaluationProtocol(labels=("Pass", "Fail"), positive="Fail", split="student").canonical() == {
        "task": "binary",
        "split": "student",
        "masking": "none",
        "granularity": "row",
        "window": 0,
        "first_attempt_only": False,
        "labels": '["Fail","Pass"]',
        "positive": "Fail",
        "score_scale": "probability",
        "threshold": 0.5,
        "threshold_source": "fixed",
    }
    assert "threshold" not in EvaluationProtocol(task="regression").canonical()


def test_equal_protocols_have_equal_forms_and_unlike_ones_do_not() -> None:
    base = EvaluationProtocol()
    assert EvaluationProtocol(labels=("0", "1")).canonical() == EvaluationProtocol(labels=("1", "0")).canonical()
    assert EvaluationProtocol(threshold=1).canonical() == EvaluationProtocol(threshold=1.0).canonical()
    changes: list[dict[str, Any]] = [
        {"threshold": 0.4},
        {"split": "random"},
        {"masking": "one_by_one"},
        {"window": 200},
    ]
    for change in changes:
        assert EvaluationProtocol(**change).canonical() != base.canonical()


def test_a_score_that_is_no_probability_may_have_any_threshold() -> None:
    assert EvaluationProtocol(score_scale="any", threshold=-3.0).threshold == -3.0


def test_label_types_and_required_columns() -> None:
    assert [EvaluationProtocol(task=task).label_type for task in ("binary", "multiclass", "ordinal", "regression")] == [
        "int8",
        "string",
        "double",
        "double",
    ]
    assert [column.name for column in EVALUATION_COLUMNS if column.required] == ["row", "student", "truth"]
