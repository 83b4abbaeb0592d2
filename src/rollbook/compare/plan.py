"""What is asked: metrics, groups, interval, minimum sizes and the correction, fixed before any number is looked at."""

from __future__ import annotations

from typing import Literal

import msgspec

from rollbook.model.errors import InvalidInput

Correction = Literal["holm", "bh", "none"]
Rows = Literal["identical", "intersection"]

MAX_DEPTH = 3
"""Attributes in one intersection: beyond three, cells are too small to say anything."""


class StatisticalMinimum(msgspec.Struct, frozen=True, kw_only=True):
    """Below these a number is shown, but takes no part in gaps and is flagged. Counts are of distinct students.

    Attributes:
        rate: Students in the denominator of a rate or mean.
        ranking: Students behind an AUC or an average precision.
        per_class: Students in each class, for the same.
        binned: Students behind a calibration error over bins.
    """

    rate: int = 30
    ranking: int = 100
    per_class: int = 10
    binned: int = 200


class ComparisonPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison to be made. Equal plans on equal evaluations give equal reports.

    Attributes:
        metrics: Ids of the metrics (`rollbook.compare.metrics.METRICS`); the first is the primary one.
        by: Groupings, each one attribute or an intersection of up to three: `(("gender",), ("gender", "race"))`.
        level: Confidence level of every interval.
        n_boot: Bootstrap replicates.
        seed: Seed of the bootstrap.
        min_n_privacy: Fewest distinct students that a shown number may stand for, where `suppress` is set.
        min_n_stat: Fewest students for a number to take part in gaps.
        suppress: Withhold small groups. False for analysts and the owner of an embedded directory.
        correction: For the p-values of one family (one metric, all versions against one).
        reference: Label of the version that all others are also compared with, or None.
        rows: `identical` refuses versions evaluated on different rows; `intersection` uses the rows all of them have.
        max_groups: Most groups that one grouping may have.

    Raises:
        InvalidInput: A value is outside its range.
    """

    metrics: tuple[str, ...] = ("auc", "f1", "fpr")
    by: tuple[tuple[str, ...], ...] = ()
    level: float = 0.95
    n_boot: int = 2000
    seed: int = 0
    min_n_privacy: int = 10
    min_n_stat: StatisticalMinimum = StatisticalMinimum()
    suppress: bool = False
    correction: Correction = "holm"
    reference: str | None = None
    rows: Rows = "identical"
    max_groups: int = 200

    def __post_init__(self) -> None:
        _require(len(self.metrics) > 0, "metrics is empty", "name at least one, for example ('auc',)")
        _require(
            len(set(self.metrics)) == len(self.metrics), f"a metric is named twice: {self.metrics}", "name it once"
        )
        _require(0.5 <= self.level < 1, f"level={self.level} is not a confidence level", "for example 0.95")
        _require(100 <= self.n_boot <= 100_000, f"n_boot={self.n_boot} is out of range", "100 to 100,000")
        _require(0 <= self.seed < 2**63, f"seed={self.seed} is out of range", "a non-negative integer")
        _require(self.min_n_privacy >= 1, f"min_n_privacy={self.min_n_privacy} is below 1", "10 is usual")
        _require(1 <= self.max_groups <= 10_000, f"max_groups={self.max_groups} is out of range", "1 to 10,000")
        for grouping in self.by:
            _require(
                1 <= len(grouping) <= MAX_DEPTH, f"{len(grouping)} attributes in one grouping: {grouping}", "1 to 3"
            )
            _require(
                len(set(grouping)) == len(grouping), f"an attribute is crossed with itself: {grouping}", "once each"
            )
        _require(len(set(self.by)) == len(self.by), f"a grouping is named twice: {self.by}", "name it once")


def _require(condition: bool, message: str, hint: str) -> None:  # noqa: FBT001
    if not condition:
        raise InvalidInput(message, hint=hint)
