"""Cubes: exact where they say so, within their bound elsewhere, and equal to the engine's own formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import roc_auc_score

from rollbook.compare import cube, scan
from rollbook.compare.data import EvaluationData
from rollbook.compare.engine import compare
from rollbook.compare.lattice import Lattice, lattice
from rollbook.compare.plan import ComparisonPlan
from rollbook.model.errors import InvalidInput, InvalidTable


def rows(n: int = 3000, seed: int = 0, decimals: int | None = None) -> dict[str, Any]:
    r = np.random.default_rng(seed)
    truth = (r.random(n) < 0.3).astype(np.int64)
    score = np.clip(0.25 * truth + 0.75 * r.random(n), 0, 1)
    return {
        "truth": truth,
        "score": score if decimals is None else score.round(decimals),
        "student": np.arange(n),
        "groups": {
            "gender": r.choice(["f", "m", ""], n, p=[0.5, 0.45, 0.05]),
            "grade": r.integers(1, 13, n),
            "prior": r.choice(["low", "mid", "high"], n),
        },
    }


def built(
    of: dict[str, Any], by: list[tuple[str, ...]] | None = None, bins: int = cube.BINS
) -> tuple[Lattice, cube.Cube]:
    made = lattice(of["truth"], of["student"], of["groups"], by)
    return made, cube.build(made, of["score"], 0.5, bins)


@pytest.mark.parametrize("decimals", [None, 2, 0])
def test_the_auc_of_every_declared_group_is_exact(decimals: int | None) -> None:
    of = rows(decimals=decimals)
    made, summed = built(of, [("gender",), ("grade",), ("gender", "prior")])
    for position, group in enumerate(made.groups):
        answer = cube.of_group(summed, position, ["auc"])["auc"]
        inside = np.ones(made.n, dtype=bool)
        for name, value in zip(group.attributes, group.values, strict=True):
            labels = np.asarray(of["groups"][name]).astype(str)
            inside &= np.where(labels == "", "(missing)", labels) == value
        assert answer.value == pytest.approx(roc_auc_score(of["truth"][inside], of["score"][inside]), abs=1e-12)


def test_every_number_is_that_of_the_engine() -> None:
    of = rows()
    made, summed = built(of)
    plan = ComparisonPlan(metrics=cube.METRICS_OF_CUBES, by=(("gender",),), n_boot=100)
    data = EvaluationData(label="m", row=of["student"], threshold=0.5, **of)
    report = compare([data], plan)
    for row in report.rows:
        where = {row.group_attr: [row.group_value]} if row.group_attr else {}
        chosen = made.chosen(where)
        answer = cube.answers(made, summed, chosen, [row.metric])[row.metric]
        assert answer.value == pytest.approx(row.value, abs=answer.bound + 1e-12)
        assert (answer.bound > 0) == (row.metric == "auc")
        assert cube.counted(made, chosen).n_students >= (row.n_students or 0)
        group = made.groups.index(((row.group_attr,), (row.group_value,)) if row.group_attr else ((), ()))
        one = cube.of_group(summed, group, [row.metric])[row.metric]
        assert one.value == pytest.approx(row.value, abs=1e-12)
        if row.metric == "auc":
            assert (one.value, one.low, one.high) == pytest.approx((row.value, row.low, row.high), abs=1e-12)
            assert one.interval == row.method


@given(
    score=hnp.arrays(np.float64, st.integers(2, 60), elements=st.sampled_from([0.0, -0.0, 0.1, 0.25, 0.5, 1.0])),
    data=st.data(),
)
def test_any_ties_and_any_filter_stay_within_the_bound(score: Any, data: Any) -> None:
    n = len(score)
    truth = data.draw(hnp.arrays(np.int64, n, elements=st.integers(0, 1)))
    group = data.draw(hnp.arrays(np.int64, n, elements=st.integers(0, 2)))
    made = lattice(truth, np.arange(n), {"g": group})
    summed = cube.build(made, score, bins=data.draw(st.integers(1, 8)))
    chosen = made.chosen({"g": data.draw(st.lists(st.sampled_from(made.levels[0]), unique=True))})
    inside = chosen[made.tag >> 1]
    answer = cube.answers(made, summed, chosen, ["auc"])["auc"]
    if len(set(truth[inside])) < 2:
        assert np.isnan(answer.value)
        return
    assert abs(answer.value - roc_auc_score(truth[inside], score[inside])) <= answer.bound + 1e-12


@given(hnp.arrays(np.float64, st.integers(2, 200), elements=st.floats(-1e6, 1e6)), st.integers(0, 2**32 - 1))
def test_any_scores_rank_as_scikit_learn_ranks_them(score: Any, seed: int) -> None:
    truth = np.random.default_rng(seed).integers(0, 2, len(score))
    truth[:2] = (0, 1)
    made = lattice(truth, np.arange(len(truth)), {})
    assert cube.of_group(cube.build(made, score), 0, ["auc"])["auc"].value == pytest.approx(
        roc_auc_score(truth, score), abs=1e-12
    )


def test_scores_that_differ_in_their_last_bit_are_not_tied() -> None:
    base = np.full(1000, 0.5)
    score = np.concatenate([base, np.nextafter(base, 1.0)])
    truth = np.repeat([0, 1], 1000)
    mixed = np.random.default_rng(1).permutation(2000)
    made = lattice(truth[mixed], np.arange(2000), {})
    assert cube.of_group(cube.build(made, score[mixed]), 0, ["auc"])["auc"].value == 1.0


def test_parts_add_up_to_the_whole() -> None:
    of = rows()
    made, whole = built(of)
    half = np.arange(made.n) % 2 == 0
    parts = [made._replace(tag=made.tag[part]) for part in (half, ~half)]
    sums = [cube.build(part, of["score"][rows_], 0.5) for part, rows_ in zip(parts, (half, ~half), strict=True)]
    assert (sums[0].flagged + sums[1].flagged == whole.flagged).all()
    assert sums[0].sums + sums[1].sums == pytest.approx(whole.sums, abs=1e-9)


def test_more_bins_make_the_bound_smaller() -> None:
    of = rows(20_000)
    bounds = []
    for bins in (4, 64, 1024):
        made, summed = built(of, bins=bins)
        bounds.append(cube.answers(made, summed, made.chosen({"prior": ["low"]}), ["auc"])["auc"].bound)
    assert bounds[0] > bounds[1] > bounds[2] > 0
    assert bounds[2] < 2e-3


def test_students_with_several_rows_are_counted_once_and_get_no_interval() -> None:
    of = rows(600)
    of["student"] = np.arange(600) // 3
    of["groups"] = {"term": np.tile(["t1", "t2", "t3"], 200)}
    made, summed = built(of)
    who = cube.counted(made, made.chosen({}))
    assert (who.n, who.exact) == (600, False)
    assert who.n_students == 200, "each term has all students: their number is at least that of the largest cell"
    assert {cube.of_group(summed, group, ["auc"])["auc"].interval for group in range(len(made.groups))} == {"pending"}


def test_scores_outside_0_and_1_have_no_calibration() -> None:
    of = rows(300)
    of["score"] = of["score"] * 4 - 2
    made, summed = built(of)
    found = cube.answers(made, summed, made.chosen({}), ["auc", "brier", "accuracy"])
    assert np.isnan(found["brier"].value)
    assert found["accuracy"].value == pytest.approx(((of["score"] >= 0.5) == of["truth"]).mean())


def test_what_cannot_be_answered_is_refused() -> None:
    of = rows(100)
    made, summed = built(of)
    with pytest.raises(InvalidInput, match="'average_precision' cannot be had"):
        cube.answers(made, summed, made.chosen({}), ["average_precision"])
    with pytest.raises(InvalidInput, match="no level '13'"):
        made.chosen({"grade": ["13"]})
    with pytest.raises(InvalidInput, match="'school' was not declared"):
        made.chosen({"school": ["1"]})
    with pytest.raises(InvalidInput, match="'school' is not given"):
        lattice(of["truth"], of["student"], of["groups"], [("school",)])
    with pytest.raises(InvalidTable, match="99 scores for 100 rows"):
        cube.build(made, of["score"][:99])
    with pytest.raises(InvalidInput, match="100,000 cells"):
        lattice(np.zeros(100_000), np.arange(100_000), {"id": np.arange(100_000)})


def test_bins_hold_about_equally_many_rows_and_never_part_ties() -> None:
    of = rows(1000, decimals=1)
    made = lattice(of["truth"], of["student"], {})
    ranks = scan.ranks(made, of["score"], 4)
    per_bin = ranks.counts.sum(axis=0)
    assert per_bin.sum() == 1000
    for low, high in zip(ranks.edges, np.append(ranks.edges[1:], np.inf), strict=True):
        assert ((of["score"] >= low) & (of["score"] < high)).sum() in per_bin
