"""Each metric against scikit-learn, its undefined cases, and that sums of parts are the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from rollbook.compare import METRICS, ComparisonPlan, compare
from rollbook.compare.calibration import calibration_error
from rollbook.compare.metrics import metric
from rollbook.compare.terms import TERMS, RowView

ORACLES = {
    "accuracy": lambda y, d, p, w: sk.accuracy_score(y, d, sample_weight=w),
    "balanced_accuracy": lambda y, d, p, w: sk.balanced_accuracy_score(y, d, sample_weight=w),
    "precision": lambda y, d, p, w: sk.precision_score(y, d, sample_weight=w, zero_division=np.nan),
    "recall": lambda y, d, p, w: sk.recall_score(y, d, sample_weight=w, zero_division=np.nan),
    "fpr": lambda y, d, p, w: 1 - sk.recall_score(1 - y, 1 - d, sample_weight=w, zero_division=np.nan),
    "fnr": lambda y, d, p, w: 1 - sk.recall_score(y, d, sample_weight=w, zero_division=np.nan),
    "tnr": lambda y, d, p, w: sk.recall_score(1 - y, 1 - d, sample_weight=w, zero_division=np.nan),
    "npv": lambda y, d, p, w: sk.precision_score(1 - y, 1 - d, sample_weight=w, zero_division=np.nan),
    "f1": lambda y, d, p, w: sk.f1_score(y, d, sample_weight=w, zero_division=np.nan),
    "mcc": lambda y, d, p, w: sk.matthews_corrcoef(y, d, sample_weight=w),
    "brier": lambda y, d, p, w: sk.brier_score_loss(y, p, sample_weight=w),
    "log_loss": lambda y, d, p, w: sk.log_loss(y, p, sample_weight=w, labels=[0, 1]),
    "auc": lambda y, d, p, w: sk.roc_auc_score(y, p, sample_weight=w),
    "average_precision": lambda y, d, p, w: sk.average_precision_score(y, p, sample_weight=w),
    "selection_rate": lambda y, d, p, w: np.average(d, weights=w),
    "prevalence": lambda y, d, p, w: np.average(y, weights=w),
    "calibration_in_the_large": lambda y, d, p, w: np.average(p - y, weights=w),
    "ece": lambda y, d, p, w: calibration_error(y, p, n_bins=10, strategy="mass", weight=w).mean,
    "ece_width": lambda y, d, p, w: calibration_error(y, p, n_bins=15, weight=w).mean,
}
NUMERIC = {
    "rmse": lambda y, m, w: sk.root_mean_squared_error(y, m, sample_weight=w),
    "mae": lambda y, m, w: sk.mean_absolute_error(y, m, sample_weight=w),
    "bias": lambda y, m, w: np.average(m - y, weights=w),
    "qwk": lambda y, m, w: sk.cohen_kappa_score(y, m, weights="quadratic", sample_weight=w),
}
DERIVED = {"lift", "brier_skill"}


def values(data, names) -> dict[str, float]:
    report = compare([data], ComparisonPlan(metrics=tuple(names), n_boot=100))
    return {row.metric: row.value for row in report.rows}


def test_every_metric_has_an_oracle() -> None:
    assert {*ORACLES, *NUMERIC, *DERIVED} == set(METRICS)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weighted", [False, True])
def test_binary_metrics_are_those_of_scikit_learn(make, seed, weighted) -> None:
    weight = np.random.default_rng(seed).uniform(0.2, 3, size=120) if weighted else np.ones(120)
    data = make(40, 3, seed=seed, weight=weight if weighted else None)
    decision = (data.score >= 0.5).astype(float)
    found = values(data, ORACLES)
    for name, oracle in ORACLES.items():
        assert found[name] == pytest.approx(oracle(data.truth, decision, data.score, weight), abs=1e-12), name


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weighted", [False, True])
def test_numeric_metrics_are_those_of_scikit_learn(make, seed, weighted) -> None:
    random = np.random.default_rng(seed)
    truth = random.integers(0, 6, 90).astype(float)
    guess = np.clip(truth + random.integers(-2, 3, 90), 0, 5)
    weight = random.uniform(0.2, 3, size=90) if weighted else np.ones(90)
    data = make(30, 3, truth=truth, score=None, prediction=guess, weight=weight if weighted else None)
    found = values(data, NUMERIC)
    for name, oracle in NUMERIC.items():
        assert found[name] == pytest.approx(oracle(truth, guess, weight), abs=1e-12), name


def test_derived_metrics(make) -> None:
    data = make()
    found = values(data, ("lift", "average_precision", "prevalence", "brier", "brier_skill"))
    assert found["lift"] == pytest.approx(found["average_precision"] / found["prevalence"], abs=1e-12)
    base = found["prevalence"] * (1 - found["prevalence"])
    assert found["brier_skill"] == pytest.approx(1 - found["brier"] / base, abs=1e-12)


def test_log_loss_clips_at_one_epsilon_whatever_the_type(make) -> None:
    for kind in (np.float32, np.float64):
        data = make(2, truth=np.array([1.0, 0.0]), score=np.array([0, 0], dtype=kind))
        assert values(data, ("log_loss",))["log_loss"] == pytest.approx(-np.log(1e-15) / 2, abs=1e-9)


ONE_CLASS = {"auc", "average_precision", "lift", "balanced_accuracy", "mcc", "brier_skill"}
NO_POSITIVES = {"recall", "fnr"}


def test_one_class_is_undefined_with_a_reason_and_never_zero(make) -> None:
    data = make(50, truth=np.zeros(50), protocol={"task": "binary"})
    report = compare([data], ComparisonPlan(metrics=tuple(ORACLES) + tuple(DERIVED), n_boot=100))
    for row in report.rows:
        if row.metric in ONE_CLASS:
            assert (row.value, row.status, row.reason) == (None, "undefined", "one_class"), row.metric
        elif row.metric in NO_POSITIVES:
            assert (row.value, row.status, row.reason, row.n) == (None, "undefined", "zero_denominator", 0)
        else:
            assert row.value is not None, row.metric


def test_nobody_flagged_leaves_precision_undefined(make) -> None:
    data = make(50, threshold=2.0)
    report = compare([data], ComparisonPlan(metrics=("precision", "npv", "mcc", "f1"), n_boot=100))
    assert [row.status for row in report.rows] == ["undefined", "ok", "undefined", "ok"]
    assert report.row(data.label, "precision").reason == "zero_denominator"


def test_agreement_of_two_equal_constants_is_undefined(make) -> None:
    data = make(20, truth=np.full(20, 1e6 + 0.1), score=None, prediction=np.full(20, 1e6 + 0.1))
    assert compare([data], ComparisonPlan(metrics=("qwk",), n_boot=100)).rows[0].status == "undefined"


def test_qwk_keeps_its_digits_on_large_scores(make) -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 6, 60).astype(float)
    guess = np.clip(truth + random.integers(-1, 2, 60), 0, 5)
    near, far = (make(60, truth=truth + k, score=None, prediction=guess + k) for k in (2.0, 1e7))
    assert values(far, ("qwk",))["qwk"] == pytest.approx(values(near, ("qwk",))["qwk"], abs=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 29))
def test_sums_of_parts_are_the_sums_of_the_whole(seed, cut) -> None:
    random = np.random.default_rng(seed)
    rows = RowView(
        truth=random.integers(0, 2, 30).astype(float),
        weight=random.uniform(0, 2, 30),
        score=random.uniform(0, 1, 30),
        decision=random.integers(0, 2, 30).astype(float),
        value=random.uniform(0, 1, 30),
    )
    parts = [RowView(*(column[part] for column in rows)) for part in (slice(cut), slice(cut, None))]
    for name in ("weight", "positive", "tp", "fp", "fn", "tn", "squared_loss", "log_loss", "excess"):
        whole = TERMS[name](rows).sum(axis=0)
        assert sum(TERMS[name](part).sum(axis=0) for part in parts) == pytest.approx(whole, abs=1e-12)


def test_definitions_are_numbered(make) -> None:
    report = compare([make()], ComparisonPlan(metrics=("auc", "f1"), n_boot=100))
    assert report.metrics == ("auc@1", "f1@1")
    assert metric("fnr").direction == "lower"
