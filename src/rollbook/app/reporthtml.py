"""A report as one HTML page: no script, nothing loaded, tables for everything, the plain words first. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, cast

from rollbook.app.definitions import DEFINITIONS
from rollbook.app.htmltags import Markup, document, element, joined, table
from rollbook.app.reportwords import amount, begun, interval, p_value, people, sentences, value
from rollbook.compare.metrics import metric as definition_of
from rollbook.model.canonical import encode
from rollbook.model.instant import to_text
from rollbook.model.results import Comparison

MAX_ROWS = 20_000
"""Rows of groups on the page; beyond these a browser would hang, and `report.json` has them all."""

_BETTER = {"higher": "higher is better", "lower": "lower is better", "none": "neither direction is better"}
Row = Mapping[str, Any]


def page(report: Comparison) -> str:
    """The page. Equal reports give equal bytes."""
    names = ", ".join(model.label for model in report.models[:3])
    more = f" and {len(report.models) - 3} more" if len(report.models) > 3 else ""
    title = f"{names}{more}: comparison"
    return document(title, _style(), _body(report, title))


@cache
def _style() -> str:
    return resources.files("rollbook.app").joinpath("report.css").read_text(encoding="utf-8")


def _body(report: Comparison, title: str) -> Iterator[Markup]:
    yield element("h1", title)
    yield from _stamp(report)
    yield element("h2", "In plain words")
    yield element("ul", [element("li", sentence) for sentence in sentences(report)], kind="summary")
    yield element("h2", "What was compared")
    yield _models(report)
    yield element("h2", "Overall")
    for name in report.metrics:
        yield from _overall(report, name)
    yield from _not_worse(report)
    yield from _groups(report)
    yield element("h2", "What the numbers are")
    yield _definitions(report)
    yield element("h2", "How it was made")
    yield from _made(report)


def _stamp(report: Comparison) -> Iterator[Markup]:
    standing = report.standing
    word = "Confirmatory" if standing.kind == "confirmatory" else "Exploratory"
    why = (
        f"the question was sealed before the first look, as {standing.plan}" if not standing.reason else standing.reason
    )
    yield element("p", joined((element("strong", word), f": {why}."), ""), kind=f"stamp {standing.kind}")
    if report.look is not None:
        yield element("p", f"{begun(str(report.look))}. First made {_day(report.look.looked_at)}.", kind="soft")


def _models(report: Comparison) -> Markup:
    rows = [
        (
            model.label,
            model.evaluation,
            model.dataset or "-",
            model.roster or "-",
            element("code", model.evaluation_digest.hex[:16]),
        )
        for model in report.models
    ]
    return table(
        "Versions and what they were tested on", ("version", "evaluation", "dataset", "roster", "digest"), rows
    )


def _overall(report: Comparison, numbered: str) -> Iterator[Markup]:
    name = numbered.partition("@")[0]
    meaning = definition_of(name)
    rows = [row for row in report.rows if row["metric"] == name and not row["group_attr"]]
    tied = next((item for item in report.tied_sets if item["metric"] == name), None)
    ordered = sorted(rows, key=lambda row: _rank(row, meaning.direction))
    columns = (
        "version",
        f"value [{_level(report)}]",
        "students",
        "against the best",
        "adjusted p",
        "detectable",
        "note",
    )
    yield element("h3", f"{begun(meaning.title)} ({numbered}; {_BETTER[meaning.direction]})")
    yield table(
        f"{numbered} of everyone, the best first",
        columns,
        [_standing_row(report, row, tied) for row in ordered],
        right=columns[1:6],
    )


def _rank(row: Row, direction: str) -> tuple[bool, float]:
    number = row["value"]
    return number is None, 0.0 if number is None else -number if direction == "higher" else number


def _standing_row(report: Comparison, row: Row, tied: Row | None) -> tuple[str, ...]:
    model = str(row["model"])
    pair = _pair(report, row, "best")
    if tied is not None and tied["best"] == model:
        against, p, detectable = "best", "", ""
    elif pair is None:
        against, p, detectable = "-", "", ""
    else:
        against = interval(pair["difference"], pair["low"], pair["high"], signed=True)
        p, detectable = p_value(pair["p_adjusted"]), amount(pair["mdd"])
    notes = (str(row["note"]), str(pair["note"]) if pair is not None else "")
    return model, value(row), people(row), against, p, detectable, "; ".join(note for note in notes if note)


def _pair(report: Comparison, row: Row, role: str) -> Row | None:
    wanted = (row["model"], row["metric"], role)
    return next((p for p in report.pairwise if (p["model"], p["metric"], p["role"]) == wanted), None)


def _not_worse(report: Comparison) -> Iterator[Markup]:
    if not report.not_worse:
        return
    words = {True: "not worse", False: "not shown", None: "cannot be said"}
    rows = [
        (one.model, one.versus, one.metric, amount(one.margin), amount(one.worst), words[one.holds])
        for one in report.not_worse
    ]
    yield element("h3", "Not worse than the reference by more than the margin")
    columns = ("version", "reference", "metric", "margin", "largest loss", "verdict")
    yield table(f"Largest loss at the end of the {_level(report)} interval", columns, rows, right=columns[3:5])


def _groups(report: Comparison) -> Iterator[Markup]:
    attributes = list(dict.fromkeys(str(row["group_attr"]) for row in report.rows if row["group_attr"]))
    left = MAX_ROWS
    for attribute in attributes:
        yield element("h2", f"By {attribute}")
        for numbered in report.metrics:
            name = numbered.partition("@")[0]
            rows = [row for row in report.rows if row["metric"] == name and row["group_attr"] == attribute]
            yield _group_table(report, f"{numbered} by {attribute}", rows[: max(left, 0)])
            left -= len(rows)
            yield from _gaps(report, name, attribute)
    if left < 0:
        yield element("p", f"{-left:,} more rows are in report.json.", kind="soft")


def _group_table(report: Comparison, caption: str, rows: Sequence[Row]) -> Markup:
    columns = ("group", "version", f"value [{_level(report)}]", "students", "note")
    ordered = sorted(rows, key=lambda row: str(row["group_value"]))
    body = [(str(row["group_value"]), str(row["model"]), value(row), people(row), str(row["note"])) for row in ordered]
    return table(caption, columns, body, right=columns[2:4])


def _gaps(report: Comparison, name: str, attribute: str) -> Iterator[Markup]:
    gaps = [
        gap for gap in cast("tuple[Row, ...]", report.gaps) if gap["metric"] == name and gap["group_attr"] == attribute
    ]
    if not gaps:
        return
    columns = ("version", "gap", "p", "worst group", "its value", "left out")
    body = [
        (
            str(gap["model"]),
            interval(gap["value"], gap["low"], gap["high"]),
            p_value(gap["p"]),
            str(gap["worst"] or "-"),
            amount(gap["worst_value"]),
            ", ".join(cast("list[str]", gap["left_out"])),
        )
        for gap in gaps
    ]
    numbers = ("gap", "p", "its value")
    yield table(f"Gap in {name} between groups of {attribute}", columns, body, right=numbers)


def _definitions(report: Comparison) -> Markup:
    rows = [
        (numbered, DEFINITIONS.get(numbered, ""), _BETTER[definition_of(numbered.partition("@")[0]).direction])
        for numbered in report.metrics
    ]
    return table("Metrics by the number of their definition", ("id", "definition", "direction"), rows)


def _made(report: Comparison) -> Iterator[Markup]:
    plan = [(name, element("code", encode(told).decode())) for name, told in sorted(report.plan.items())]
    yield table("Plan, with its seed", ("option", "value"), plan)
    protocol = [(name, element("code", encode(told).decode())) for name, told in sorted(report.protocol.items())]
    yield table("Protocol that all evaluations share", ("rule", "value"), protocol)
    yield element(
        "p",
        "Groups that are too small are withheld from everybody who reads this page. The page follows from the versions "
        "above and the plan alone: 'rollbook recompute' makes every number again and says whether it is the same.",
        kind="soft",
    )


def _day(micros: int) -> str:
    day, _, time = to_text(micros).partition("T")
    return f"{day} at {time[:5]} UTC"


def _level(report: Comparison) -> str:
    level = report.plan.get("level", 0.95)
    return f"{level * 100:.4g} %" if isinstance(level, int | float) else ""
