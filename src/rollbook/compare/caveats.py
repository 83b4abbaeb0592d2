"""What a reader must know before using a report's numbers, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rollbook.compare.arrays import Floats, count_distinct
from rollbook.compare.attributes import MISSING
from rollbook.compare.bootstrap import UNITS
from rollbook.compare.cells import Grid
from rollbook.compare.cohort import Cohort, Predictions
from rollbook.compare.metrics import Metric
from rollbook.compare.statistic import MIN_CLUSTERS

_MANY_VERSIONS = 10


def caveats(cohort: Cohort, metrics: tuple[Metric, ...], grid: Grid, hidden: int) -> tuple[str, ...]:
    """What to say about a comparison; `hidden` counts the withheld groups."""
    return (
        *_sample(cohort, hidden),
        *_missing_labels(cohort, hidden),
        *_identical(cohort.models),
        *_small_groups(metrics, grid, hidden),
    )


def _sample(cohort: Cohort, hidden: int) -> Iterator[str]:
    if cohort.n_students < MIN_CLUSTERS:
        yield f"fewer than {MIN_CLUSTERS} students: intervals are rough and no difference should be acted on alone"
    if cohort.n_students > UNITS:
        yield f"bootstrap intervals draw {UNITS} random sets of the {cohort.n_students} students"
    if cohort.dropped:
        yield f"{cohort.dropped} rows were left out because not every version was evaluated on them"
    if cohort.weighted:
        yield "rows are weighted: values use the weights, n counts rows and students as they are"
    if len(cohort.models) > _MANY_VERSIONS:
        yield f"the best of {len(cohort.models)} versions looks better here than it will on new students"
    if hidden:
        yield f"{hidden} groups are withheld because they are small, or would reveal one that is"


def _missing_labels(cohort: Cohort, hidden: int) -> Iterator[str]:
    if hidden:
        return
    for name, attribute in cohort.attributes.items():
        if MISSING in attribute.levels:
            unknown = attribute.code == attribute.levels.index(MISSING)
            yield f"{name} is not recorded for {count_distinct(cohort.student[unknown])} students"


def _identical(models: tuple[Predictions, ...]) -> Iterator[str]:
    for i, one in enumerate(models):
        for other in models[i + 1 :]:
            if _same(one.score, other.score) and _same(one.decision, other.decision) and _same(one.value, other.value):
                yield f"{one.label} and {other.label} made identical predictions"


def _same(a: Floats | None, b: Floats | None) -> bool:
    return (a is None and b is None) or (a is not None and b is not None and np.array_equal(a, b))


def _small_groups(metrics: tuple[Metric, ...], grid: Grid, hidden: int) -> Iterator[str]:
    if hidden:
        return
    for k, one in enumerate(metrics):
        groups = grid.cells[1:]
        small = sum(any(of_version[k].note for of_version in of_group) for of_group in groups)
        if small:
            yield f"{one.id}: {small} of {len(groups)} groups are too small for statistics and take no part in gaps"
