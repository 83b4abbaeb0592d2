"""The one way in: evaluations and a plan go in, a report comes out. It reads and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from rollbook.compare.arrays import count_distinct, floats
from rollbook.compare.caveats import caveats
from rollbook.compare.cells import Cell, Grid, grid
from rollbook.compare.cohort import Cohort, Predictions, align
from rollbook.compare.data import EvaluationData
from rollbook.compare.distributions import two_sided_z
from rollbook.compare.gaps import max_t
from rollbook.compare.metrics import Metric, metric
from rollbook.compare.pairwise import against, best_of, tied_set
from rollbook.compare.plan import ComparisonPlan
from rollbook.compare.privacy import Key, withheld
from rollbook.compare.report import EVERYONE, Gap, Pairwise, Report, ReportRow, TiedSet
from rollbook.compare.segments import Segment, everyone, partition
from rollbook.model.errors import InvalidInput, InvalidTable
from rollbook.model.estimate import suppressed

_NOBODY: Key = ((), ())


class _Work(NamedTuple):
    """Everything known about a comparison before it is written down."""

    plan: ComparisonPlan
    cohort: Cohort
    metrics: tuple[Metric, ...]
    grid: Grid
    hidden: frozenset[Key]

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(model.label for model in self.cohort.models)


def compare(evaluations: Sequence[EvaluationData], plan: ComparisonPlan) -> Report:
    """Compare versions on the same rows, overall and by group.

    Args:
        evaluations: One per version, in the order in which the report lists them.
        plan: What to compute.

    Returns:
        The report. Where a number does not exist or is withheld it says so; it never guesses.

    Raises:
        InvalidInput: An unknown metric, attribute or label; or more groups or replicates than fit.
        InvalidTable: Truth, student or group of a row differs between evaluations, or a version lacks what a metric
            needs.
        UnlikeProtocols: The evaluations were made under different protocols or on different rows.
    """
    metrics = tuple(metric(name) for name in plan.metrics)
    cohort = align(evaluations, plan)
    _check_needs(cohort, metrics)
    segments = [everyone(cohort)]
    for attributes in plan.by:
        segments.extend(partition(cohort, attributes, plan.max_groups))
    numbers = grid(cohort, metrics, segments, plan)
    return _report(_Work(plan, cohort, metrics, numbers, _hidden(numbers, plan)))


def _check_needs(cohort: Cohort, metrics: tuple[Metric, ...]) -> None:
    for one in metrics:
        if one.task != cohort.task:
            raise InvalidInput(
                f"metric {one.id!r} is for {one.task} truth, the evaluations are {cohort.task}",
                hint="choose metrics of the evaluations' task",
            )
        for model in cohort.models:
            missing = _missing(one, model)
            if missing:
                raise InvalidTable(f"metric {one.id!r} needs {missing}: {model.label}", hint=_MISSING_HINT)


_MISSING_HINT = "give `score`, or `prediction`, or `score` with a `threshold` that was chosen on validation data"


def _missing(one: Metric, model: Predictions) -> str:
    if one.needs in ("score", "probability") and model.score is None:
        return "scores, and a version has none"
    if one.needs == "decision" and model.decision is None:
        return "decisions, and a version has neither predictions nor a threshold"
    if one.needs == "probability" and model.score is not None and (model.score.min() < 0 or model.score.max() > 1):
        return f"probabilities, and scores run from {model.score.min():.4g} to {model.score.max():.4g}"
    return ""


def _hidden(numbers: Grid, plan: ComparisonPlan) -> frozenset[Key]:
    if not plan.suppress:
        return frozenset()
    cells = {
        _key(segment): [cell for of_version in of_segment for cell in of_version]
        for segment, of_segment in zip(numbers.segments, numbers.cells, strict=True)
    }
    sizes = {key: min(cell.smallest for cell in of_key) for key, of_key in cells.items()}
    exposed = frozenset(key for key, of_key in cells.items() if any(cell.exposed for cell in of_key))
    return withheld(sizes, exposed, plan.min_n_privacy)


def _key(segment: Segment) -> Key:
    pairs = sorted(zip(segment.attributes, segment.values, strict=True))
    return tuple(name for name, _ in pairs), tuple(value for _, value in pairs)


def _report(work: _Work) -> Report:
    pairwise, tied_sets = _comparisons(work)
    whole = work.grid.segments[0]
    shown = _NOBODY not in work.hidden
    return Report(
        models=work.labels,
        metrics=tuple(one.definition for one in work.metrics),
        n=len(whole.rows) if shown else None,
        n_students=whole.n_students if shown else None,
        rows=_rows(work),
        gaps=tuple(gap for attributes in work.plan.by for gap in _gaps(work, attributes)),
        pairwise=pairwise,
        tied_sets=tied_sets,
        warnings=caveats(work.cohort, work.metrics, work.grid, len(work.hidden)),
        plan=work.plan,
    )


def _rows(work: _Work) -> tuple[ReportRow, ...]:
    return tuple(
        _row(work, segment, work.labels[m], work.metrics[k], cell)
        for segment, of_segment in zip(work.grid.segments, work.grid.cells, strict=True)
        for m, of_version in enumerate(of_segment)
        for k, cell in enumerate(of_version)
    )


def _row(work: _Work, segment: Segment, label: str, one: Metric, cell: Cell) -> ReportRow:
    hidden = _key(segment) in work.hidden
    estimate = suppressed() if hidden else cell.estimate
    return ReportRow(
        model=label,
        metric=one.id,
        segment=EVERYONE,
        group_attr=" & ".join(segment.attributes),
        group_value=" & ".join(segment.values),
        n=estimate.n,
        n_students=estimate.n_students,
        n_pos=None if hidden else cell.n_pos,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        se=estimate.se,
        method=estimate.method,
        status=estimate.status,
        reason=estimate.reason,
        note="" if hidden else cell.note,
    )


def _gaps(work: _Work, attributes: tuple[str, ...]) -> tuple[Gap, ...]:
    members = [s for s, segment in enumerate(work.grid.segments) if segment.attributes == attributes]
    return tuple(
        _gap(work, attributes, members, m, k) for m in range(len(work.labels)) for k in range(len(work.metrics))
    )


def _gap(work: _Work, attributes: tuple[str, ...], members: list[int], m: int, k: int) -> Gap:
    segments, cells = work.grid.segments, work.grid.cells
    used = [s for s in members if cells[s][m][k].eligible and _key(segments[s]) not in work.hidden]
    names = {s: " & ".join(segments[s].values) for s in members}
    gap = Gap(
        model=work.labels[m],
        metric=work.metrics[k].id,
        group_attr=" & ".join(attributes),
        value=None,
        low=None,
        high=None,
        p=None,
        n_students=None,
        groups=tuple(names[s] for s in used),
        left_out=tuple(names[s] for s in members if s not in used),
        lowest=None,
        highest=None,
        worst=None,
        worst_value=None,
        method="",
        reason="below_min_n",
    )
    return gap if len(used) < 2 else _filled(gap, work, used, names, m, k)


def _filled(gap: Gap, work: _Work, used: list[int], names: dict[int, str], m: int, k: int) -> Gap:
    values = floats([work.grid.statistics[s][m][k].value for s in used])
    floor = floats([_floor(work.grid.cells[s][m][k], work.plan.level) for s in used])
    bounds = max_t(values, work.grid.replicates[used, m, k], floor, work.plan.level)
    lowest, highest = used[int(values.argmin())], used[int(values.argmax())]
    worst = {"higher": lowest, "lower": highest, "none": None}[work.metrics[k].direction]
    bounded = work.metrics[k].proportion or work.metrics[k].id == "auc"
    students = np.concatenate([work.grid.segments[s].students for s in used])
    return msgspec.structs.replace(
        gap,
        value=float(values.max() - values.min()),
        low=bounds.low,
        high=min(bounds.high, 1.0) if bounded else bounds.high,
        p=bounds.p,
        n_students=count_distinct(students),
        lowest=names[lowest],
        highest=names[highest],
        worst=None if worst is None else names[worst],
        worst_value=None if worst is None else work.grid.statistics[worst][m][k].value,
        method="cluster-bootstrap-max-t",
        reason="",
    )


def _floor(cell: Cell, level: float) -> float:
    """The error of a rate of 0 or 1, on which all replicates agree: its exact interval, as standard errors."""
    if cell.estimate.reason != "degenerate" or cell.estimate.low is None or cell.estimate.high is None:
        return 0.0
    return (cell.estimate.high - cell.estimate.low) / two_sided_z(level)


def _comparisons(work: _Work) -> tuple[tuple[Pairwise, ...], tuple[TiedSet, ...]]:
    """Against the best and the reference, metric by metric; nothing when everyone together is withheld."""
    pairs: list[Pairwise] = []
    ties: list[TiedSet] = []
    if _NOBODY in work.hidden:
        return (), ()
    for k, one in enumerate(work.metrics):
        best = best_of(work.grid, k, one)
        if best is not None:
            family = against(work.grid, work.labels, k, one, best, "best", work.plan)
            pairs.extend(family)
            ties.append(tied_set(work.grid, work.labels, k, one, best, family))
        elif one.direction != "none":
            ties.append(tied_set(work.grid, work.labels, k, one, None, ()))
        if work.plan.reference is not None:
            target = work.labels.index(work.plan.reference)
            pairs.extend(against(work.grid, work.labels, k, one, target, "reference", work.plan))
    return tuple(pairs), tuple(ties)
