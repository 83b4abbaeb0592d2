"""The page of a report: what it says first, and that no name in it is ever more than text."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from rollbook.app import reporthtml
from rollbook.app.definitions import DEFINITIONS
from rollbook.app.reportwords import sentences
from rollbook.compare.metrics import METRICS
from rollbook.model.digest import Digest
from rollbook.model.ledger import Look, NonInferiority, Standing
from rollbook.model.results import ComparedModel, Comparison

DIGEST = Digest.sha256(b"one")
HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">\'"&'
VOID = {"meta"}


def compared(label: str) -> ComparedModel:
    return ComparedModel(
        label=label,
        evaluation=f"{label} evaluation",
        evaluation_digest=DIGEST,
        model=label,
        model_digest=DIGEST,
        dataset="data:v0",
        roster="",
    )


def row(model: str, value: float | None, **more: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {"model": model, "metric": "auc", "group_attr": "", "group_value": "", "n_students": 90}
    facts |= {"value": value, "low": 0.7, "high": 0.9, "status": "ok", "reason": "", "note": ""}
    return facts | more


def pair(model: str, versus: str) -> dict[str, Any]:
    facts: dict[str, Any] = {"model": model, "versus": versus, "metric": "auc", "role": "best", "difference": -0.1}
    return facts | {"low": -0.2, "high": 0.01, "p_adjusted": 0.0001, "mdd": 0.15, "note": "no difference found"}


def gap(model: str, attribute: str, low: float, **more: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {"model": model, "metric": "auc", "group_attr": attribute, "value": 0.2, "low": low}
    facts |= {"high": 0.3, "p": 0.04, "worst": "b", "worst_value": 0.6, "lowest": "b", "left_out": ["c"]}
    return facts | more


def report(name: str = "good:v0", word: str = "school", **more: Any) -> Comparison:
    withheld = {"status": "suppressed", "n_students": None, "group_attr": word, "group_value": word}
    facts: dict[str, Any] = {
        "models": (compared(name), compared("bad:v0")),
        "plan": {"seed": 0, "level": 0.95, "where": {word: word}},
        "protocol": {word: word},
        "n": 90,
        "n_students": 90,
        "metrics": ("auc@1",),
        "rows": (row(name, 0.8, note=word), row("bad:v0", None, reason="one_class"), row(name, None, **withheld)),
        "gaps": (gap(name, word, 0.01, worst=word, left_out=[word]),),
        "pairwise": (pair("bad:v0", name),),
        "tied_sets": ({"metric": "auc", "best": name, "members": [name, "bad:v0"]},),
        "best": name,
        "tied": (name, "bad:v0"),
        "warnings": (word,),
        "not_worse": (NonInferiority(model=name, versus="bad:v0", metric="auc", margin=0.1, worst=None, holds=None),),
        "standing": Standing(reason=word),
        "look": Look(
            dataset=f"Data {word}",
            dataset_digest=DIGEST,
            number=7,
            versions=203,
            promotions=1,
            looked_at=1_790_000_000_000_000,
        ),
    }
    return Comparison(**(facts | more))


class Tags(HTMLParser):
    """Every tag and attribute of a page; refuses one that is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def test_hostile_names_stay_text() -> None:
    plain, hostile = Tags(reporthtml.page(report())), Tags(reporthtml.page(report(HOSTILE, HOSTILE)))
    assert hostile.seen == plain.seen
    assert hostile.attributes == plain.attributes
    assert {"script", "img", "link", "iframe"} & hostile.seen == set()
    assert not any(name.startswith("on") or name in {"src", "href"} for name in hostile.attributes)


def test_equal_reports_give_equal_pages_and_where_it_is_kept_does_not_count() -> None:
    assert reporthtml.page(report()) == reporthtml.page(report(kept="report:v3"))


@pytest.mark.parametrize(
    "text",
    [
        "Exploratory</strong>: school.",
        "Look 7 on Data school; 203 versions compared so far; 1 promotion decided on it.",
        "First made 2026-09-21 at 14:13 UTC.",
        "0.800 [0.700, 0.900]",
        "undefined (one class)",
        "withheld",
        "&lt; 0.001",
        "cannot be said",
        DEFINITIONS["auc@1"],
        "&quot;",
    ],
)
def test_the_page_says(text: str) -> None:
    assert text in reporthtml.page(report())


def test_a_confirmatory_report_names_its_plan() -> None:
    standing = Standing(kind="confirmatory", plan="release:v2", plan_digest=DIGEST)
    page = reporthtml.page(report(standing=standing))
    assert 'class="stamp confirmatory"' in page
    assert "sealed before the first look, as release:v2" in page


def test_the_summary_is_in_plain_words() -> None:
    assert list(sentences(report())) == [
        "2 versions were compared on 90 students with school school.",
        "good:v0 has the best area under the ROC curve, but these students cannot tell it from bad:v0.",
        "Not being told apart does not mean being equal: see how large a difference had to be to be found.",
        (
            "Between groups of school, good:v0 differs by 0.200 in area under the ROC curve; "
            "school is worse off, beyond what luck explains."
        ),
        "1 number withheld: too few students stand behind them.",
        "Treat what stands here as a question for new students, not as proof: it was not fixed before the look.",
        "School.",
    ]


def test_a_page_of_many_groups_ends_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporthtml, "MAX_ROWS", 10)
    rows = tuple(row("good:v0", 0.5, group_attr="class", group_value=f"class {number}") for number in range(14))
    page = reporthtml.page(msgspec.structs.replace(report(), rows=rows))
    assert page.count('scope="row">class ') == 10
    assert "4 more rows are in report.json." in page


def test_every_metric_is_defined_by_its_number() -> None:
    assert {metric.definition for metric in METRICS.values()} <= DEFINITIONS.keys()
