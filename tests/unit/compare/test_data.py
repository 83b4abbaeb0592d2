"""Bad tables are refused with the value that is wrong; nothing is guessed."""

from __future__ import annotations

import numpy as np
import pytest

from rollbook.compare import EvaluationData
from rollbook.model.errors import InvalidTable

GOOD = {
    "label": "m:v1",
    "row": np.array([1, 2, 3]),
    "student": np.array(["a", "a", "b"]),
    "truth": np.array([0, 1, 1]),
    "score": np.array([0.1, 0.2, 0.3]),
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"row": np.array([])}, "no rows"),
        ({"truth": np.array([0, 1])}, "truth has 2 values for 3 rows"),
        ({"groups": {"g": np.array(["x"])}}, "group 'g' has 1 values for 3 rows"),
        ({"score": None}, "neither score nor prediction"),
        ({"student": np.array([1.0, 2.0, 3.0])}, "floating-point"),
        ({"row": np.array([1, 2, 2])}, "more than once, for example 2"),
        ({"score": np.array([0.1, np.nan, np.inf])}, "2 of 3 values of score are not finite (first at row 2: nan)"),
        ({"truth": np.array([0, np.nan, 1])}, "1 of 3 values of truth are not finite"),
        ({"score": np.array(["a", "b", "c"])}, "score is not numeric"),
        ({"weight": np.array([1, -1, 1])}, "a weight is negative (-1.0)"),
    ],
)
def test_bad_columns_are_refused(change, said) -> None:
    with pytest.raises(InvalidTable) as refused:
        EvaluationData(**(GOOD | change))
    assert said in refused.value.message
    assert refused.value.hint


def test_the_task_is_read_from_the_protocol_or_from_the_truth() -> None:
    assert EvaluationData(**GOOD).task == "binary"
    assert EvaluationData(**(GOOD | {"truth": np.array([1, 2, 3])})).task == "numeric"
    assert EvaluationData(**GOOD, protocol={"task": "ordinal"}).task == "numeric"


def test_an_unknown_task_and_a_truth_that_is_not_binary_are_refused() -> None:
    with pytest.raises(InvalidTable, match="unknown task 'ranking'"):
        _ = EvaluationData(**GOOD, protocol={"task": "ranking"}).task
    with pytest.raises(InvalidTable, match=r"holds 2\.0"):
        _ = EvaluationData(**(GOOD | {"truth": np.array([0, 1, 2])}), protocol={"task": "binary"}).task
