"""Not worse by more than a margin: read off the intervals of the differences against the reference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rollbook.compare.metrics import metric
from rollbook.compare.report import Pairwise
from rollbook.model.errors import InvalidInput
from rollbook.model.ledger import NonInferiority


def not_worse(pairs: Iterable[Pairwise], margins: Mapping[str, float]) -> tuple[NonInferiority, ...]:
    """For each metric with a margin and each version: whether the interval excludes a loss of the margin.

    The claim holds where the unfavourable end of the interval of `model - reference` is nearer to 0 than the margin, or
    on the favourable side. With the two-sided 95 % interval that is a one-sided test at 2.5 %.

    Args:
        pairs: Differences; only those against the reference count.
        margins: Metric to the largest loss that counts as none.

    Raises:
        InvalidInput: A metric has no better direction.
    """
    for name in margins:
        if metric(name).direction == "none":
            raise InvalidInput(f"{name} has no better direction, so there is no loss", hint="leave its margin out")
    return tuple(
        _read_off(pair, margins[pair.metric]) for pair in pairs if pair.role == "reference" and pair.metric in margins
    )


def _read_off(pair: Pairwise, margin: float) -> NonInferiority:
    higher = metric(pair.metric).direction == "higher"
    end = pair.low if higher else pair.high
    worst = None if end is None else -end if higher else end
    return NonInferiority(
        model=pair.model,
        versus=pair.versus,
        metric=pair.metric,
        margin=margin,
        worst=worst,
        holds=None if worst is None else worst < margin,
    )
