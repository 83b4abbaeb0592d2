"""The metrics, numbered: when a formula is mended its number rises, and old reports stay readable.

A metric that is a function of sums is written as that function, so that the same line serves the value, every bootstrap
replicate and the jackknife. Undefined is NaN inside this room, and None with a reason at its edge; it is never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import numpy as np

from rollbook.compare.arrays import Floats, floats
from rollbook.compare.data import Task
from rollbook.model.errors import InvalidInput

Direction = Literal["higher", "lower", "none"]
"""Which way is better; `none` is never ranked."""

Need = Literal["score", "probability", "decision", "value", "truth"]
"""What a version must have given. A `probability` is a score within [0, 1]."""

Minimum = Literal["rate", "ranking", "binned"]
"""Which minimum size for statistics applies."""

Sums = Mapping[str, Floats]
"""Term name to sums: (draws,), or (draws, k) for a term with k columns."""

Formula = Callable[[Sums], Floats]


class Metric(NamedTuple):
    """A metric's definition.

    Attributes:
        id: Name in plans and reports.
        title: Plain words for people.
        direction: Which way is better.
        needs: What a version must have given.
        version: Number of the definition.
        task: The task it belongs to.
        counted: The row set (`terms.ROW_SETS`) that n counts.
        denominators: Row sets that must each be large enough for privacy.
        minimum: Which minimum size for statistics applies.
        proportion: Whether it is a share of the counted rows.
        terms: Names of the terms whose sums the formula takes; empty for ranking metrics.
        formula: Sums to values; None for ranking metrics.
    """

    id: str
    title: str
    direction: Direction
    needs: Need
    version: int = 1
    task: Task = "binary"
    counted: str = "all"
    denominators: tuple[str, ...] = ("all",)
    minimum: Minimum = "rate"
    proportion: bool = False
    terms: tuple[str, ...] = ()
    formula: Formula | None = None

    @property
    def definition(self) -> str:
        """The numbered id, `auc@1`."""
        return f"{self.id}@{self.version}"

    @property
    def needs_both_classes(self) -> bool:
        """Whether one class alone leaves it undefined."""
        return {"positive", "negative"} <= set(self.denominators)


def metric(name: str) -> Metric:
    """Look a metric up.

    Raises:
        InvalidInput: There is none of this name.
    """
    if name not in METRICS:
        raise InvalidInput(f"unknown metric {name!r}", hint=f"one of {', '.join(METRICS)}")
    return METRICS[name]


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Quotient, NaN where the denominator is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return floats(np.where(denominator > 0, numerator / denominator, np.nan))


def _f1(s: Sums) -> Floats:
    return divide(2 * s["tp"], 2 * s["tp"] + s["fp"] + s["fn"])


def _balanced_accuracy(s: Sums) -> Floats:
    return (divide(s["tp"], s["tp"] + s["fn"]) + divide(s["tn"], s["tn"] + s["fp"])) / 2


def _mcc(s: Sums) -> Floats:
    tp, fp, fn, tn = s["tp"], s["fp"], s["fn"], s["tn"]
    # The root of each factor, not of their product, which overflows for weighted sums of millions of rows.
    scale = np.sqrt(tp + fp) * np.sqrt(tp + fn) * np.sqrt(tn + fp) * np.sqrt(tn + fn)
    return divide(tp * tn - fp * fn, scale)


def _brier_skill(s: Sums) -> Floats:
    base_rate = divide(s["positive"], s["weight"])
    return 1 - divide(divide(s["squared_loss"], s["weight"]), base_rate * (1 - base_rate))


def _rmse(s: Sums) -> Floats:
    return np.sqrt(divide(s["squared_error"], s["weight"]))


def _qwk(s: Sums) -> Floats:
    """Haberman 2019: 1 - E(h-m)^2 / (var h + var m + (mean h - mean m)^2); on integers, Cohen's quadratic kappa."""
    h, m = divide(s["h"], s["weight"]), divide(s["m"], s["weight"])
    hh, mm, hm = divide(s["hh"], s["weight"]), divide(s["mm"], s["weight"]), divide(s["hm"], s["weight"])
    spread = (hh - h**2) + (mm - m**2) + (h - m) ** 2
    return 1 - divide(hh + mm - 2 * hm, np.where(spread > 1e-12 * (hh + mm), spread, 0.0))


def _share(numerator: tuple[str, ...], denominator: tuple[str, ...]) -> Formula:
    return lambda s: divide(_total(s, numerator), _total(s, denominator))


def _total(s: Sums, names: tuple[str, ...]) -> Floats:
    total = s[names[0]]
    for name in names[1:]:
        total = total + s[name]
    return total


def _rate(
    name: str, title: str, direction: Direction, counted: str, numerator: tuple[str, ...], denominator: tuple[str, ...]
) -> Metric:
    return Metric(
        id=name,
        title=title,
        direction=direction,
        needs="decision",
        counted=counted,
        denominators=(counted,),
        proportion=True,
        terms=tuple(dict.fromkeys((*numerator, *denominator))),
        formula=_share(numerator, denominator),
    )


def _from_decisions(
    name: str, title: str, formula: Formula, denominators: tuple[str, ...], counted: str = "all"
) -> Metric:
    return Metric(
        id=name,
        title=title,
        direction="higher",
        needs="decision",
        counted=counted,
        denominators=denominators,
        terms=("tp", "fp", "fn", "tn"),
        formula=formula,
    )


def _mean(name: str, title: str, direction: Direction, task: Task, term: str) -> Metric:
    return Metric(
        id=name,
        title=title,
        direction=direction,
        task=task,
        needs="probability" if task == "binary" else "value",
        terms=(term, "weight"),
        formula=_share((term,), ("weight",)),
    )


def _binned(name: str, title: str, term: str) -> Metric:
    def formula(s: Sums) -> Floats:
        return divide(np.abs(s[term]).sum(axis=-1), s["weight"])

    return Metric(
        id=name,
        title=title,
        direction="lower",
        needs="probability",
        minimum="binned",
        terms=(term, "weight"),
        formula=formula,
    )


def _ranking(name: str, title: str) -> Metric:
    return Metric(id=name, title=title, direction="higher", needs="score", denominators=_CLASSES, minimum="ranking")


_CLASSES = ("positive", "negative")

_DEFINITIONS = (
    _ranking("auc", "area under the ROC curve"),
    _ranking("average_precision", "average precision (its baseline is the prevalence)"),
    _ranking("lift", "average precision over prevalence"),
    _rate("accuracy", "right decisions", "higher", "all", ("tp", "tn"), ("tp", "fp", "fn", "tn")),
    _from_decisions("balanced_accuracy", "mean of recall and specificity", _balanced_accuracy, _CLASSES),
    _rate("precision", "flagged students who are positive", "higher", "flagged", ("tp",), ("tp", "fp")),
    _rate("recall", "positive students who are flagged (TPR)", "higher", "positive", ("tp",), ("tp", "fn")),
    _rate("fpr", "false alarms among negatives (FPR)", "lower", "negative", ("fp",), ("fp", "tn")),
    _rate("fnr", "missed students among positives (FNR)", "lower", "positive", ("fn",), ("tp", "fn")),
    _rate("tnr", "negatives left alone (TNR)", "higher", "negative", ("tn",), ("fp", "tn")),
    _rate("npv", "unflagged students who are negative", "higher", "unflagged", ("tn",), ("tn", "fn")),
    _from_decisions("f1", "F1", _f1, ("positive or flagged",), "positive or flagged"),
    _from_decisions("mcc", "Matthews correlation", _mcc, (*_CLASSES, "flagged", "unflagged")),
    _rate("selection_rate", "students flagged", "none", "all", ("tp", "fp"), ("tp", "fp", "fn", "tn")),
    _rate("prevalence", "students who are positive", "none", "all", ("positive",), ("weight",))._replace(needs="truth"),
    _mean("brier", "Brier score", "lower", "binary", "squared_loss"),
    Metric(
        id="brier_skill",
        title="Brier skill over the base rate",
        direction="higher",
        needs="probability",
        denominators=_CLASSES,
        terms=("squared_loss", "positive", "weight"),
        formula=_brier_skill,
    ),
    _mean("log_loss", "log loss", "lower", "binary", "log_loss"),
    _binned("ece", "calibration error (10 bins of equal mass)", "bin_gaps"),
    _binned("ece_width", "calibration error (15 bins of equal width)", "bin_gaps_width"),
    _mean("calibration_in_the_large", "over- (+) or under-estimate (-) of risk", "none", "binary", "excess"),
    Metric(
        id="rmse",
        title="root mean squared error",
        direction="lower",
        task="numeric",
        needs="value",
        terms=("squared_error", "weight"),
        formula=_rmse,
    ),
    _mean("mae", "mean absolute error", "lower", "numeric", "absolute_error"),
    _mean("bias", "mean error", "none", "numeric", "error"),
    Metric(
        id="qwk",
        title="quadratic weighted kappa (continuous)",
        direction="higher",
        task="numeric",
        needs="value",
        terms=("weight", "h", "m", "hh", "mm", "hm"),
        formula=_qwk,
    ),
)

METRICS: Mapping[str, Metric] = {definition.id: definition for definition in _DEFINITIONS}
"""Every metric by id."""
