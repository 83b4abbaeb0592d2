"""Learning gain and effect sizes. Each states which of several things with one name it is.

Predicted mastery is not learning: gains rank models only where students were assigned to models at random.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rollbook.compare.arrays import Floats
from rollbook.compare.distributions import two_sided_z
from rollbook.model.errors import InvalidTable
from rollbook.model.estimate import Estimate


class EffectSize(NamedTuple):
    """Cohen's d and its small-sample correction, Hedges' g, with the interval of g."""

    d: float
    g: Estimate


def class_gain(pre: Floats, post: Floats, maximum: float) -> float | None:
    """Hake's (1998) normalised gain of a class: (mean post - mean pre) / (maximum - mean pre); None at the ceiling.

    Args:
        pre: (students,) scores before.
        post: (students,) the same students' scores after.
        maximum: Highest possible score.
    """
    _check_pairs(pre, post)
    room = maximum - float(pre.mean())
    return None if room <= 0 else (float(post.mean()) - float(pre.mean())) / room


def individual_gains(pre: Floats, post: Floats, maximum: float) -> tuple[float | None, ...]:
    """Hake's gain of each student; None for one who began at the maximum. Their mean is not the class gain."""
    _check_pairs(pre, post)
    return tuple(
        (b - a) / (maximum - a) if a < maximum else None for a, b in zip(pre.tolist(), post.tolist(), strict=True)
    )


def normalised_change(pre: Floats, post: Floats, maximum: float) -> tuple[float | None, ...]:
    """Marx and Cummings' (2007) change of each student: gain over the room above, loss over the room below.

    None for a student who has the maximum, or 0, both times: there was nothing to measure.
    """
    _check_pairs(pre, post)
    return tuple(_change(a, b, maximum) for a, b in zip(pre.tolist(), post.tolist(), strict=True))


def _change(pre: float, post: float, maximum: float) -> float | None:
    if post == pre:
        return None if pre in (0.0, maximum) else 0.0
    return (post - pre) / (maximum - pre) if post > pre else (post - pre) / pre


def hedges_g(a: Floats, b: Floats, level: float = 0.95) -> EffectSize:
    """Standardised mean difference of two independent groups, a minus b (Hedges 1981; J = 1 - 3 / (4N - 9)).

    Args:
        a: (n_a,) one value per student.
        b: (n_b,) likewise.
        level: Confidence level of g's large-sample interval.

    Raises:
        InvalidTable: A group has fewer than two students, or there is no spread at all.
    """
    n, m = len(a), len(b)
    if min(n, m) < 2:
        raise InvalidTable(f"effect size of groups of {n} and {m} students", hint="at least two students each")
    pooled = float(np.sqrt(((n - 1) * a.var(ddof=1) + (m - 1) * b.var(ddof=1)) / (n + m - 2)))
    if pooled == 0:
        raise InvalidTable("effect size of values without spread", hint="look whether the scores were read correctly")
    d = (float(a.mean()) - float(b.mean())) / pooled
    correction = 1 - 3 / (4 * (n + m) - 9)
    se = correction * float(np.sqrt((n + m) / (n * m) + d * d / (2 * (n + m))))
    return EffectSize(d, _wald(correction * d, se, n + m, "hedges-large-sample", level))


def cohen_dz(pre: Floats, post: Floats, level: float = 0.95) -> Estimate:
    """Mean paired gain over the standard deviation of the gains (not comparable with d of independent groups).

    Raises:
        InvalidTable: Fewer than two students, or all gains are equal.
    """
    _check_pairs(pre, post)
    gains = post - pre
    if len(gains) < 2 or np.ptp(gains) == 0:
        raise InvalidTable("d_z of gains without spread", hint="at least two students with different gains")
    dz = float(gains.mean() / gains.std(ddof=1))
    se = float(np.sqrt(1 / len(gains) + dz * dz / (2 * len(gains))))
    return _wald(dz, se, len(gains), "paired-large-sample", level)


def _wald(value: float, se: float, n: int, method: str, level: float) -> Estimate:
    half = two_sided_z(level) * se
    return Estimate(
        value=value, low=value - half, high=value + half, se=se, n=n, n_students=n, method=method, level=level
    )


def _check_pairs(pre: Floats, post: Floats) -> None:
    if len(pre) != len(post) or len(pre) == 0:
        raise InvalidTable(f"{len(pre)} scores before and {len(post)} after", hint="one pair per student, at least one")
