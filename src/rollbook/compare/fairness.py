"""Group fairness of decisions, in the words of Fairlearn and AIF360, from one table of rates by group.

A difference is largest minus smallest; a ratio smallest over largest, unless a reference group is named. Which of them
matters is a choice: equal error rates and equal predictive values cannot both hold where base rates differ (Kleinberg,
Mullainathan and Raghavan 2016; Chouldechova 2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np

from rollbook.compare.arrays import Bools, Floats, Labels
from rollbook.model.errors import InvalidInput


class GroupRates(NamedTuple):
    """Rates of one group; None where the denominator is empty."""

    n: int
    accuracy: float | None
    selection_rate: float | None
    tpr: float | None
    fpr: float | None
    fnr: float | None
    precision: float | None
    false_omission_rate: float | None


Rate = Literal["accuracy", "selection_rate", "tpr", "fpr", "fnr", "precision", "false_omission_rate"]
Aggregate = Literal["worst_case", "mean"]
ByGroup = Mapping[str, GroupRates]


def rates_by_group(
    truth: Floats, decision: Floats, group: Labels, weight: Floats | None = None
) -> dict[str, GroupRates]:
    """Rates of each group.

    Args:
        truth: (n,) 0 or 1.
        decision: (n,) 0 or 1.
        group: (n,) labels.
        weight: (n,) row weights; 1 each when None.
    """
    w = np.ones(len(truth)) if weight is None else weight
    return {str(level): _rates(truth, decision, w, np.asarray(group == level)) for level in np.unique(group)}


def difference(rates: ByGroup, rate: Rate) -> float | None:
    """Largest minus smallest rate over the groups that have one; None without any."""
    values = _defined(rates, rate)
    return max(values) - min(values) if values else None


def ratio(rates: ByGroup, rate: Rate) -> float | None:
    """Smallest over largest rate; None without any, or when all are 0."""
    values = _defined(rates, rate)
    return min(values) / max(values) if values and max(values) > 0 else None


def relative_to(rates: ByGroup, rate: Rate, reference: str) -> dict[str, float | None]:
    """Each group's rate over the reference group's (for selection rates, the disparate impact).

    Raises:
        InvalidInput: The reference group does not exist.
    """
    if reference not in rates:
        raise InvalidInput(f"no group {reference!r}", hint=f"one of {', '.join(rates)}")
    base: float | None = getattr(rates[reference], rate)
    values: dict[str, float | None] = {name: getattr(of_group, rate) for name, of_group in rates.items()}
    return {name: value / base if value is not None and base else None for name, value in values.items()}


def equalised_odds_difference(rates: ByGroup, aggregate: Aggregate = "worst_case") -> float | None:
    """The larger (or the mean) of the differences of true and false positive rates; None when either is undefined."""
    gaps = [difference(rates, "tpr"), difference(rates, "fpr")]
    known = [gap for gap in gaps if gap is not None]
    if len(known) < 2:
        return None
    return max(known) if aggregate == "worst_case" else sum(known) / 2


def average_odds_difference(rates: ByGroup, unprivileged: str, privileged: str) -> float | None:
    """Mean of the signed differences (unprivileged - privileged) of true and false positive rates."""
    a, b = rates[unprivileged], rates[privileged]
    if a.tpr is None or b.tpr is None or a.fpr is None or b.fpr is None:
        return None
    return ((a.tpr - b.tpr) + (a.fpr - b.fpr)) / 2


def theil_index(truth: Floats, decision: Floats) -> float | None:
    """Generalised entropy of individual benefits 1 + decision - truth (Speicher and others 2018); None if all are 0."""
    benefit = 1 + decision - truth
    if benefit.mean() == 0:
        return None
    share = benefit / benefit.mean()
    return float(np.where(share > 0, share * np.log(np.where(share > 0, share, 1.0)), 0.0).mean())


def _rates(truth: Floats, decision: Floats, weight: Floats, inside: Bools) -> GroupRates:
    y, flagged, w = truth[inside] == 1, decision[inside] == 1, weight[inside]
    tp, fp = float(w[y & flagged].sum()), float(w[~y & flagged].sum())
    fn, tn = float(w[y & ~flagged].sum()), float(w[~y & ~flagged].sum())
    return GroupRates(
        n=int(inside.sum()),
        accuracy=_over(tp + tn, tp + fp + fn + tn),
        selection_rate=_over(tp + fp, tp + fp + fn + tn),
        tpr=_over(tp, tp + fn),
        fpr=_over(fp, fp + tn),
        fnr=_over(fn, tp + fn),
        precision=_over(tp, tp + fp),
        false_omission_rate=_over(fn, fn + tn),
    )


def _over(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator > 0 else None


def _defined(rates: ByGroup, rate: Rate) -> list[float]:
    return [value for of_group in rates.values() if (value := getattr(of_group, rate)) is not None]
