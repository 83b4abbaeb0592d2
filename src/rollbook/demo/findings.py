"""From a comparison to what a person reads: table cells, one sentence per difference, the choice of a champion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rollbook.model.results import Comparison

WORDS = {"auc": "AUC-ROC", "f1": "F1", "fpr": "FPR"}


def cell(row: Mapping[str, Any]) -> str:
    """`0.822 (0.79 to 0.85)`, or why there is no number."""
    if row["value"] is None:
        return f"none ({str(row['reason']).replace('_', ' ')})"
    if row["low"] is None or row["high"] is None:
        return f"{row['value']:.3f} (no interval)"
    return f"{row['value']:.3f} ({row['low']:.2f} to {row['high']:.2f})"


def overall_rows(comparison: Comparison, names: Mapping[str, str]) -> list[list[str]]:
    """One row per model: label, name, then every metric with its interval."""
    return [
        [model.label, names[model.label], *(cell(_row(comparison, model.label, metric)) for metric in WORDS)]
        for model in comparison.models
    ]


def group_rows(comparison: Comparison, label: str, attributes: Sequence[str]) -> list[list[str]]:
    """One row per group of one model: attribute, value, students, then every metric; `*` marks too few students."""
    rows: list[list[str]] = []
    for attribute in attributes:
        values = dict.fromkeys(str(row["group_value"]) for row in comparison.rows if row["group_attr"] == attribute)
        for value in values:
            rows_ = [_row(comparison, label, metric, attribute, value) for metric in WORDS]
            students = f"{rows_[0]['n_students']:,}"
            rows.append([attribute, value, students, *(cell(row) + ("*" if row["note"] else " ") for row in rows_)])
    return rows


def difference_sentences(comparison: Comparison, metric: str = "auc") -> Iterator[str]:
    """How each model differs from the best one by a metric."""
    for pair in comparison.pairwise:
        if pair["role"] == "best" and pair["metric"] == metric:
            yield _difference(pair)


class Judgement(NamedTuple):
    """Whether a model is really worse than another, and the sentence that says so."""

    worse: bool
    sentence: str


def against(comparison: Comparison, model: str, reference: str, metric: str = "auc") -> Judgement:
    """How a model differs from the reference of a comparison by a metric."""
    for pair in comparison.pairwise:
        if (pair["role"], pair["model"], pair["versus"], pair["metric"]) == ("reference", model, reference, metric):
            worse = bool(pair["distinguishable"]) and float(str(pair["difference"])) < 0
            return Judgement(worse, _difference(pair))
    return Judgement(False, f"{model} cannot be compared with {reference} by {WORDS[metric]}.")


def gap_sentences(comparison: Comparison, label: str) -> Iterator[str]:
    """Gaps between groups that the data show, and those they do not, for one model."""
    for gap in comparison.gaps:
        if gap["model"] == label and gap["value"] is not None:
            yield _gap(gap)


def simplest(comparison: Comparison, learned_numbers: Mapping[str, int]) -> str:
    """The label with the fewest learned numbers among those that the data cannot tell from the best."""
    return min(comparison.tied, key=lambda label: learned_numbers[label])


def value_of(comparison: Comparison, label: str, metric: str) -> str:
    """A model's overall number with its interval."""
    return cell(_row(comparison, label, metric))


def _row(comparison: Comparison, model: str, metric: str, attribute: str = "", value: str = "") -> Mapping[str, Any]:
    wanted = (model, metric, attribute, value)
    return next(
        row for row in comparison.rows if (row["model"], row["metric"], row["group_attr"], row["group_value"]) == wanted
    )


def _difference(pair: Mapping[str, Any]) -> str:
    name = WORDS[str(pair["metric"])]
    if pair["difference"] is None:
        return f"{pair['model']} cannot be compared with {pair['versus']} by {name}."
    amount = f"{abs(pair['difference']):.3f} {'below' if pair['difference'] < 0 else 'above'}"
    spread = sorted((abs(pair["low"]), abs(pair["high"]))) if pair["low"] * pair["high"] > 0 else None
    p = f"p = {pair['p_adjusted']:.3f}" if pair["p_adjusted"] >= 0.001 else "p < 0.001"
    if pair["distinguishable"] and spread:
        return (
            f"{pair['model']} is {amount} {pair['versus']} in {name} ({spread[0]:.3f} to {spread[1]:.3f}, {p}): "
            "a real difference."
        )
    return (
        f"{pair['model']} is {amount} {pair['versus']} in {name} ({p}): not distinguishable; with these students a "
        f"difference of {pair['mdd']:.3f} would show."
    )


def _gap(gap: Mapping[str, Any]) -> str:
    name, attribute = WORDS[str(gap["metric"])], gap["group_attr"]
    where = f"highest for {gap['highest']}, lowest for {gap['lowest']}"
    size = f"{gap['value']:.3f} ({gap['low']:.2f} to {gap['high']:.2f})"
    if gap["p"] is not None and gap["p"] < 0.05:
        return f"{name} by {attribute}: a gap of {size}, {where}."
    return f"{name} by {attribute}: a gap of {size} is seen, which may be chance."
