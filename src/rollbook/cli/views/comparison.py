"""Comparisons as people read them: what was compared, what to beware of, a leaderboard per metric, groups and gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from rollbook.cli import words
from rollbook.cli.layout import Block, Facts, Heading, Table
from rollbook.compare.metrics import metric as definition_of
from rollbook.model.results import Comparison

Row = Mapping[str, Any]

_MOST_NAMED = 3

_BETTER = {"higher": "higher is better", "lower": "lower is better", "none": "neither direction is better"}
_REASONS = {
    "one_class": "one class only",
    "empty": "no rows",
    "zero_denominator": "nothing to divide by",
    "non_finite": "not a finite number",
    "too_few_clusters": "too few students",
    "degenerate": "no variation",
}


def shown(found: Comparison) -> Iterator[Block]:
    """The whole report."""
    yield from _head(found)
    for metric in _metrics(found):
        yield ""
        yield from _leaderboard(found, metric)
    for attribute in dict.fromkeys(str(row["group_attr"]) for row in found.rows if row["group_attr"]):
        for metric in _metrics(found):
            yield ""
            yield from _groups(found, metric, attribute)


def _metrics(found: Comparison) -> list[str]:
    return [name.partition("@")[0] for name in found.metrics]


def _head(found: Comparison) -> Iterator[Block]:
    people = "suppressed" if found.n_students is None else words.counted(found.n_students, "student")
    rows = "" if found.n is None or found.n == found.n_students else f", {words.counted(found.n, 'row')}"
    datasets = dict.fromkeys(model.dataset for model in found.models if model.dataset)
    rosters = dict.fromkeys(model.roster for model in found.models if model.roster)
    facts = {
        "on": f"{people}{rows}",
        "dataset": ", ".join(datasets),
        "roster": ", ".join(rosters),
        "only where": ", ".join(f"{key}={value}" for key, value in _where(found).items()),
        "standing": _claim(found),
        "ledger": "" if found.look is None else str(found.look),
        "kept as": found.kept,
        "protocol": words.listed(f"{key} {words.value(value)}" for key, value in found.protocol.items() if value),
    }
    yield Heading(f"{words.counted(len(found.models), 'model')} compared")
    yield Facts(tuple((label, text) for label, text in facts.items() if text))
    for warning in found.warnings:
        yield f"warning: {warning}"


def _claim(found: Comparison) -> str:
    standing = found.standing
    return f"{standing.kind}: {standing.reason or f'sealed before the first look as {standing.plan}'}"


def _where(found: Comparison) -> Mapping[str, Any]:
    where = found.plan.get("where")
    return where if isinstance(where, dict) else {}


def _leaderboard(found: Comparison, metric: str) -> Iterator[Block]:
    meaning = definition_of(metric)
    rows = [row for row in found.rows if row["metric"] == metric and not row["group_attr"]]
    yield Heading(f"{metric}: {meaning.title} ({_BETTER[meaning.direction]})")
    tied = next((tied for tied in found.tied_sets if tied["metric"] == metric), None)
    table = tuple(
        (str(row["model"]), estimate(row), people(row), _standing(found, tied, row))
        for row in sorted(rows, key=lambda row: _rank(row, meaning.direction))
    )
    yield Table(("model", _interval_head(found), "students", "standing"), table, right=("students",))
    if tied is not None and len(found.models) > 1:
        yield _sentence(tied, len(found.models))
    yield from _against_reference(found, metric)
    yield from _not_worse(found, metric)


def _rank(row: Row, direction: str) -> tuple[bool, float]:
    value = row["value"]
    return value is None, 0.0 if value is None else -value if direction == "higher" else value


def _standing(found: Comparison, tied: Row | None, row: Row) -> str:
    if tied is None or len(found.models) == 1:
        return str(row["note"])
    model = row["model"]
    if model == tied["best"]:
        return "best"
    pair = next((p for p in _pairs(found, str(row["metric"]), "best") if p["model"] == model), None)
    if pair is None or pair["difference"] is None:
        return "cannot be ranked"
    word = "tied with the best" if model in _members(tied) else "behind"
    return f"{word}: {_difference(pair)}"


def _members(tied: Row) -> Sequence[str]:
    return list(tied["members"])


def _sentence(tied: Row, models: int) -> str:
    if tied["best"] is None:
        return "No model can be named best: none has a value."
    others = [model for model in _members(tied) if model != tied["best"]]
    if not others:
        return f"{tied['best']} is better than every other model here."
    if len(others) == models - 1 and len(others) > _MOST_NAMED:
        return f"{tied['best']} has the best value, but the data cannot tell any of these models apart from it."
    return f"{tied['best']} has the best value; the data cannot tell it from {', '.join(others)}."


def _against_reference(found: Comparison, metric: str) -> Iterator[Block]:
    pairs = _pairs(found, metric, "reference")
    if pairs:
        rows = tuple((str(p["model"]), _difference(p), _p(p["p_adjusted"]), str(p["note"])) for p in pairs)
        yield f"Difference to {pairs[0]['versus']}:"
        yield Table(("model", "difference", "adjusted p", "note"), rows)


def _not_worse(found: Comparison, metric: str) -> Iterator[Block]:
    words_ = {True: "not worse", False: "not shown", None: "cannot be said"}
    for one in found.not_worse:
        if one.metric == metric:
            limit = f"by more than {words.number(one.margin)} than {one.versus}"
            yield f"{one.model}: {words_[one.holds]} {limit}."


def _pairs(found: Comparison, metric: str, role: str) -> list[Row]:
    return [pair for pair in found.pairwise if pair["metric"] == metric and pair["role"] == role]


def _difference(pair: Row) -> str:
    text = words.interval(pair["difference"], pair["low"], pair["high"])
    return text if text.startswith("-") else f"+{text}"


def _groups(found: Comparison, metric: str, attribute: str) -> Iterator[Block]:
    rows = [row for row in found.rows if row["metric"] == metric and row["group_attr"] == attribute]
    gaps = {str(gap["model"]): gap for gap in found.gaps if gap["metric"] == metric and gap["group_attr"] == attribute}
    yield Heading(f"{metric} by {attribute}")
    table: list[tuple[str, ...]] = []
    for value in dict.fromkeys(str(row["group_value"]) for row in rows):
        table += _group(value, [row for row in rows if row["group_value"] == value], gaps)
    yield Table((attribute, "model", _interval_head(found), "students", ""), tuple(table), right=("students",))
    yield Table(("model", "gap between groups", "lowest", "highest", "p"), tuple(map(_gap, gaps.values())))
    left_out = dict.fromkeys(value for gap in gaps.values() for value in cast("list[str]", gap["left_out"]))
    if left_out:
        yield f"Gaps leave out what is too small to judge: {', '.join(left_out)}."


def _group(value: str, rows: Sequence[Row], gaps: Mapping[str, Row]) -> Iterator[tuple[str, ...]]:
    """A line per model; the group's name, and a remark that holds for all of them, stand once."""
    shared = {str(row["note"]) for row in rows}
    for index, row in enumerate(rows):
        gap = gaps.get(str(row["model"]))
        worst = "worst group" if gap is not None and gap["worst"] == value else ""
        note = str(row["note"]) if index == 0 or len(shared) > 1 else ""
        remark = "; ".join(part for part in (worst, note) if part)
        yield value if index == 0 else "", str(row["model"]), estimate(row), people(row), remark


def _gap(gap: Row) -> tuple[str, ...]:
    if gap["value"] is None:
        return str(gap["model"]), f"{words.DASH} ({_reason(gap)})", "", "", ""
    size = words.interval(gap["value"], gap["low"], gap["high"])
    return str(gap["model"]), size, str(gap["lowest"]), str(gap["highest"]), _p(gap["p"])


def _interval_head(found: Comparison) -> str:
    level = found.plan.get("level", 0.95)
    return f"value [{float(level) * 100:.4g} %]" if isinstance(level, int | float) else "value"


def estimate(row: Row) -> str:
    """A value with its interval; the word where it is suppressed, a dash and the reason where it is undefined."""
    if row["status"] == "suppressed":
        return "suppressed"
    if row["value"] is None:
        return f"{words.DASH} ({_reason(row)})"
    without = f" (no interval: {_reason(row)})" if row["low"] is None and row["reason"] else ""
    return words.interval(row["value"], row["low"], row["high"]) + without


def people(row: Row) -> str:
    """Students behind a number; with the rows where they differ."""
    students, rows = row["n_students"], row["n"]
    if students is None:
        return words.DASH
    return f"{students:,}" if rows == students else f"{students:,} ({words.counted(rows, 'row')})"


def _reason(row: Row) -> str:
    reason = str(row["reason"])
    return _REASONS.get(reason, reason.replace("_", " ")) or "undefined"


def _p(value: Any) -> str:
    if value is None:
        return words.DASH
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
