"""What comes out: a tidy long table, gaps between groups, differences between versions and the tied sets."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from rollbook.compare.plan import ComparisonPlan
from rollbook.model.errors import NotFound
from rollbook.model.estimate import Reason, Status

Role = Literal["best", "reference"]

EVERYONE = "all"
"""The segment of a report that is not restricted to a part of the students."""


class ReportRow(msgspec.Struct, frozen=True, kw_only=True):
    """One number of one version for one group.

    Attributes:
        model: Label of the version.
        metric: Metric id.
        segment: Part of the students the report is about; `all` here.
        group_attr: Attribute, `gender` or `gender & race`; empty for everyone.
        group_value: Its value, `F` or `F & Black`; empty for everyone.
        n: Rows in the metric's denominator; None when suppressed.
        n_students: Distinct students in the denominator; None when suppressed.
        n_pos: Positive rows of the group; None when suppressed, or when truth is a number.
        value: None when undefined or suppressed.
        low: Lower end of the interval, or None.
        high: Upper end of the interval, or None.
        se: Standard error, or None.
        method: How the interval was made.
        status: `ok`, `undefined` or `suppressed`.
        reason: Why a value or its interval is missing, or why the interval is not the usual one.
        note: For people, for example that the group is too small for statistics.
    """

    model: str
    metric: str
    segment: str
    group_attr: str
    group_value: str
    n: int | None
    n_students: int | None
    n_pos: int | None
    value: float | None
    low: float | None
    high: float | None
    se: float | None
    method: str
    status: Status
    reason: Reason
    note: str


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Largest minus smallest value among the groups that are large enough.

    The interval is simultaneous over all pairs of groups, so a lower end above 0 means that some groups differ, however
    many were looked at; `p` tests the same.

    Attributes:
        model: Label of the version.
        metric: Metric id.
        group_attr: The grouping.
        value: None with fewer than two eligible groups.
        low: Lower end, never below 0.
        high: Upper end.
        p: Probability of a gap this clear if no groups differed.
        n_students: Distinct students in the groups used.
        groups: The groups used.
        left_out: Groups too small for statistics, undefined or withheld.
        lowest: Group with the smallest value.
        highest: Group with the largest value.
        worst: The one of the two that is worse off; None where neither direction is better.
        worst_value: Its value.
        method: How the interval was made.
        reason: Why there is no gap; empty when there is one.
    """

    model: str
    metric: str
    group_attr: str
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    n_students: int | None
    groups: tuple[str, ...]
    left_out: tuple[str, ...]
    lowest: str | None
    highest: str | None
    worst: str | None
    worst_value: float | None
    method: str
    reason: Reason


class Pairwise(msgspec.Struct, frozen=True, kw_only=True):
    """One version against another on the same rows, everyone included: value of `model` minus value of `versus`.

    Attributes:
        model: Label of the version.
        versus: Label of the version it is compared with.
        role: Why that one: it is the `best` of this metric, or the plan's `reference`.
        metric: Metric id.
        difference: None when undefined.
        low: Lower end of the interval, or None.
        high: Upper end of the interval, or None.
        se: Standard error of the difference, or None.
        p: Two-sided p-value of no difference; the interval leaves out 0 exactly when it is below 1 - level.
        p_adjusted: Corrected within the family (this metric, all versions against `versus`).
        distinguishable: Whether the adjusted p-value is below 1 - level; None when there is none.
        mdd: True difference that this comparison would find with 80 % power (before correction).
        n: Rows.
        n_students: Distinct students.
        method: How error and p-value were made.
        reason: Why something is missing.
        note: The sentence beside "no difference found".
    """

    model: str
    versus: str
    role: Role
    metric: str
    difference: float | None
    low: float | None
    high: float | None
    se: float | None
    p: float | None
    p_adjusted: float | None
    distinguishable: bool | None
    mdd: float | None
    n: int | None
    n_students: int | None
    method: str
    reason: Reason
    note: str


class TiedSet(msgspec.Struct, frozen=True, kw_only=True):
    """The best version by one metric and all that the data cannot tell from it.

    Attributes:
        metric: Metric id.
        best: Label with the best value; None when no version has one.
        members: `best` and every label not distinguishable from it, best value first.
        undefined: Labels without a value.
        family: The tests that the correction covers, in words.
    """

    metric: str
    best: str | None
    members: tuple[str, ...]
    undefined: tuple[str, ...]
    family: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a comparison plan.

    Attributes:
        models: Labels in the order given.
        metrics: Numbered definitions, `auc@1`, in the plan's order; the first is primary.
        n: Rows compared.
        n_students: Distinct students compared.
        rows: The tidy long table: everyone first, then each grouping.
        gaps: Per version, metric and grouping.
        pairwise: Differences against the best, and against the reference.
        tied_sets: One per metric that has a better direction.
        warnings: What a reader must know before using the numbers.
        plan: The plan, as given.
    """

    models: tuple[str, ...]
    metrics: tuple[str, ...]
    n: int | None
    n_students: int | None
    rows: tuple[ReportRow, ...]
    gaps: tuple[Gap, ...]
    pairwise: tuple[Pairwise, ...]
    tied_sets: tuple[TiedSet, ...]
    warnings: tuple[str, ...]
    plan: ComparisonPlan

    def row(self, model: str, metric: str, group_attr: str = "", group_value: str = "") -> ReportRow:
        """One number; everyone's unless a group is named.

        Raises:
            NotFound: The report has no such row.
        """
        key = (model, metric, group_attr, group_value)
        for row in self.rows:
            if (row.model, row.metric, row.group_attr, row.group_value) == key:
                return row
        raise NotFound(f"the report has no row {key}", hint="see `rows` for what it has")

    def tied_set(self, metric: str | None = None) -> TiedSet:
        """The tied set of a metric, by default of the first one that ranks versions.

        Raises:
            NotFound: The metric is not in the report, or does not rank.
        """
        for tied in self.tied_sets:
            if metric is None or tied.metric == metric:
                return tied
        raise NotFound(f"no tied set for {metric or 'any metric'}", hint="only metrics with a better direction rank")

    def to_dict(self) -> dict[str, Any]:
        """Builtins only, ready for JSON: None where there is no number, never NaN."""
        result: dict[str, Any] = msgspec.to_builtins(self)
        return result
