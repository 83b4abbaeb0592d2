"""From a comparison to what a person reads: table cells, one sentence per difference, the choice of a champion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rollbook.model.results import Comparison

METRICS = {"auc": "AUC-ROC", "f1": "F1", "fpr": "FPR"}
_CLEAR = 0.05


class Judgement(NamedTuple):
    """Whether a model is really worse than another, and the sentence that says so."""

    worse: bool
    sentence: str


def cell(row: Mapping[str, Any], digits: int = 3) -> str:
    """`0.822 (.79-.85)`, or why there is no number."""
    if row["value"] is None:
        return str(row["reason"]).replace("_", " ") or str(row["status"])
    if row["low"] is None or row["high"] is None:
        return f"{row['value']:.{digits}f} (no interval)"
    return f"{row['value']:.{digits}f} ({_short(row['low'])}-{_short(row['high'])})"


def overall_rows(comparison: Comparison, names: Mapping[str, str]) -> list[list[str]]:
    """One row per model: its name, then every metric with its interval."""
    return [[name, *(cell(_row(comparison, label, metric)) for metric in METRICS)] for label, name in names.items()]


def group_rows(comparison: Comparison, label: str, attributes: Sequence[str]) -> list[list[str]]:
    """Per attribute a line with its name, then a row per group: students and metrics; `*` marks too few students."""
    rows: list[list[str]] = []
    for attribute in attributes:
        rows.append([attribute.replace("_", " "), "", *("" for _ in METRICS)])
        for value in _values(comparison, attribute):
            numbers = [_row(comparison, label, metric, attribute, value) for metric in METRICS]
            cells = [cell(number, digits=2) + ("*" if number["note"] else " ") for number in numbers]
            rows.append([f"  {value}", f"{numbers[0]['n_students']:,}", *cells])
    return rows


def differences_from_best(comparison: Comparison, metric: str = "auc") -> Iterator[str]:
    """A sentence per model on how it differs from the best one by a metric of which more is better."""
    for pair in comparison.pairwise:
        if pair["role"] == "best" and pair["metric"] == metric:
            yield _difference(pair)


def against(comparison: Comparison, model: str, reference: str, metric: str = "auc") -> Judgement:
    """How a model differs from the reference of a comparison by a metric of which more is better."""
    for pair in comparison.pairwise:
        if (pair["role"], pair["model"], pair["versus"], pair["metric"]) == ("reference", model, reference, metric):
            worse = bool(pair["distinguishable"]) and float(str(pair["difference"])) < 0
            return Judgement(worse, _difference(pair))
    return Judgement(False, f"{model} cannot be compared with {reference} by {METRICS[metric]}.")


def gap_sentences(comparison: Comparison, label: str, alarm: str) -> Iterator[str]:
    """The gaps between groups that the data show for one model, in one line those they do not, the widest in words.

    Args:
        comparison: By at least one attribute.
        label: The model.
        alarm: What a false positive is, with `{n}`, `{attribute}` and `{group}` to fill in.
    """
    gaps = [gap for gap in comparison.gaps if gap["model"] == label]
    clear = [gap for gap in gaps if gap["p"] is not None and float(str(gap["p"])) < _CLEAR]
    for gap in clear:
        yield f"{_named(gap)}: a gap of {_size(gap)}, highest for {gap['highest']}, lowest for {gap['lowest']}."
    unclear = [_named(gap) for gap in gaps if gap not in clear]
    if unclear:
        yield f"No clear gap: {', '.join(unclear)}."
    alarms = [gap for gap in clear if gap["metric"] == "fpr"]
    if alarms:
        yield _in_words(comparison, label, max(alarms, key=lambda gap: float(str(gap["value"]))), alarm)


def simplest(comparison: Comparison, learned_numbers: Mapping[str, int]) -> str:
    """The label with the fewest learned numbers among those that the data cannot tell from the best."""
    return min(comparison.tied, key=lambda label: learned_numbers[label])


def _row(comparison: Comparison, model: str, metric: str, attribute: str = "", value: str = "") -> Mapping[str, Any]:
    wanted = (model, metric, attribute, value)
    return next(
        row for row in comparison.rows if (row["model"], row["metric"], row["group_attr"], row["group_value"]) == wanted
    )


def _values(comparison: Comparison, attribute: str) -> list[str]:
    values = [str(row["group_value"]) for row in comparison.rows if row["group_attr"] == attribute]
    return list(dict.fromkeys(values))


def _short(value: float) -> str:
    """Two decimals without the leading zero."""
    return f"{value:.2f}".removeprefix("0")


def _p(value: float) -> str:
    return f"p = {value:.3f}" if value >= 0.001 else "p < 0.001"


def _difference(pair: Mapping[str, Any]) -> str:
    metric = METRICS[str(pair["metric"])]
    if pair["difference"] is None or pair["p_adjusted"] is None:
        return f"{pair['model']} cannot be compared with {pair['versus']} by {metric}."
    amount = f"{abs(pair['difference']):.3f} {'below' if pair['difference'] < 0 else 'above'} {pair['versus']}"
    if pair["distinguishable"]:
        low, high = sorted((abs(pair["low"]), abs(pair["high"])))
        verdict = "worse" if pair["difference"] < 0 else "better"
        size = f"{low:.3f} to {high:.3f}, {_p(pair['p_adjusted'])}"
        return f"{metric} of {pair['model']} is {amount} ({size}): it is {verdict}."
    return (
        f"{metric} of {pair['model']} is {amount} ({_p(pair['p_adjusted'])}): these data cannot tell the two apart; "
        f"they would show a difference of {pair['mdd']:.3f}."
    )


def _named(gap: Mapping[str, Any]) -> str:
    return f"{METRICS[str(gap['metric'])]} by {str(gap['group_attr']).replace('_', ' ')}"


def _size(gap: Mapping[str, Any]) -> str:
    return f"{gap['value']:.3f} ({gap['low']:.3f} to {gap['high']:.3f})"


def _in_words(comparison: Comparison, label: str, gap: Mapping[str, Any], alarm: str) -> str:
    attribute = str(gap["group_attr"])
    said: list[str] = []
    for group in (str(gap["highest"]), str(gap["lowest"])):
        rate = _row(comparison, label, "fpr", attribute, group)["value"]
        said.append(alarm.format(n=f"{100 * rate:.0f}", attribute=attribute.replace("_", " "), group=group))
    return f"In words: {said[0]}; {said[1]}."
