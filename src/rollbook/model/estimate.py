"""An estimate: a number never travels without its interval, its count and the method that made them."""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["ok", "undefined", "suppressed"]
Reason = Literal[
    "", "one_class", "empty", "below_min_n", "zero_denominator", "non_finite", "too_few_clusters", "degenerate"
]
"""Why a value or its interval is `null`. Append-only: clients branch on it."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A value with its uncertainty.

    Attributes:
        value: The point estimate, or None where it is undefined or suppressed (see `reason`).
        low: Lower end of the interval, or None.
        high: Upper end of the interval, or None.
        se: Standard error on the scale of `value`, or None.
        n: Rows in the denominator; None when suppressed.
        n_students: Distinct students in the denominator; None when suppressed.
        method: How the interval was made, for example `obuchowski-logit` or `cluster-bootstrap-percentile`.
        level: Confidence level of the interval.
        status: `ok`, `undefined` (the formula has no value here) or `suppressed` (withheld for privacy).
        reason: Machine-readable reason for a missing value or interval; empty when there is none.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    se: float | None = None
    n: int | None = None
    n_students: int | None = None
    method: str = ""
    level: float = 0.95
    status: Status = "ok"
    reason: Reason = ""


def suppressed() -> Estimate:
    """The estimate shown for a group below the minimum size: no number of any kind."""
    return Estimate(value=None, status="suppressed", reason="below_min_n")
