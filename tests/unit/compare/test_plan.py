"""A plan outside its ranges is refused before anything is computed."""

from __future__ import annotations

import pytest

from rollbook.compare import ComparisonPlan
from rollbook.model.errors import InvalidInput


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"metrics": ()}, "metrics is empty"),
        ({"metrics": ("auc", "auc")}, "named twice"),
        ({"level": 1.0}, "level=1.0"),
        ({"level": 95}, "level=95"),
        ({"n_boot": 10}, "n_boot=10"),
        ({"seed": -1}, "seed=-1"),
        ({"min_n_privacy": 0}, "min_n_privacy=0"),
        ({"max_groups": 0}, "max_groups=0"),
        ({"by": ((),)}, "0 attributes"),
        ({"by": (("a", "b", "c", "d"),)}, "4 attributes"),
        ({"by": (("a", "a"),)}, "crossed with itself"),
        ({"by": (("a",), ("a",))}, "grouping is named twice"),
    ],
)
def test_values_out_of_range_are_refused(given, said) -> None:
    with pytest.raises(InvalidInput) as refused:
        ComparisonPlan(**given)
    assert said in refused.value.message
    assert refused.value.hint
