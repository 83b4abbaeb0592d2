"""Every number of fixtures.json, from scikit-learn, Fairlearn, AIF360, Aequitas and others, through the product."""

from __future__ import annotations

import numpy as np
import pytest

from rollbook.compare import ComparisonPlan, EvaluationData, Report, StatisticalMinimum, compare
from rollbook.compare.abroca import abroca, area_between
from rollbook.compare.agreement import (
    adjacent_agreement,
    differences_of_standardised_means,
    exact_agreement,
    kappa,
    pearson,
    prmse,
    qwk,
    r_squared,
    standardised_mean_difference,
)
from rollbook.compare.calibration import calibration_error, reliability_table
from rollbook.compare.curves import precision_recall_points, roc_points
from rollbook.compare.drift import chi_squared, kolmogorov_smirnov, population_stability_index
from rollbook.compare.fairness import (
    average_odds_difference,
    difference,
    equalised_odds_difference,
    rates_by_group,
    ratio,
    relative_to,
    theil_index,
)
from rollbook.compare.gain import class_gain, cohen_dz, hedges_g, individual_gains
from rollbook.compare.ranking import auc
from rollbook.compare.significance import bh, holm, mcnemar, mcnemar_of

NEAR = {"abs": 1e-9, "rel": 0}
PRINTED = {"abs": 1e-6, "rel": 0}
"""Some expected values were stored with six digits."""

METRICS = {
    "prevalence": "prevalence",
    "roc_auc": "auc",
    "pr_auc_ap": "average_precision",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced_accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "f1",
    "log_loss": "log_loss",
    "brier": "brier",
    "selection_rate": "selection_rate",
    "mcc": "mcc",
}
PLAN = ComparisonPlan(metrics=tuple(METRICS.values()), by=(("gender",), ("band",), ("gender", "band")), n_boot=100)


def evaluation(f1, score: str, *, weighted: bool = False, own_student: bool = False) -> EvaluationData:
    return EvaluationData(
        label=score,
        row=np.arange(len(f1["y"])),
        student=np.arange(len(f1["y"])) if own_student else f1["student"].astype(int),
        truth=f1["y"],
        score=f1[score],
        threshold=0.5,
        weight=f1["w"] if weighted else None,
        groups={"gender": f1["gender"], "band": f1["band"]},
    )


@pytest.fixture(scope="module")
def report(f1) -> Report:
    return compare([evaluation(f1, "pa"), evaluation(f1, "pb")], PLAN)


def assert_block(report: Report, model: str, block: dict, attribute: str = "", value: str = "") -> None:
    for name, metric in METRICS.items():
        assert report.row(model, metric, attribute, value).value == pytest.approx(block[name], **NEAR), metric


def test_values_for_everyone(report, expected) -> None:
    assert_block(report, "pa", expected["overall_a"])
    assert_block(report, "pb", expected["overall_b"])
    assert report.row("pa", "accuracy").n == expected["overall_a"]["n"]


def test_weighted_values(f1, expected) -> None:
    assert_block(compare([evaluation(f1, "pa", weighted=True)], PLAN), "pa", expected["overall_a_weighted"])


@pytest.mark.parametrize(("attribute", "block"), [("gender", "by_gender_a"), ("band", "by_band_a")])
def test_values_by_group(report, expected, attribute, block) -> None:
    for value, numbers in expected[block].items():
        assert_block(report, "pa", numbers, attribute, value)


def test_intersections(report, expected) -> None:
    for cell, numbers in expected["fairlearn_intersection_a"].items():
        value = cell.replace("/", " & ")
        assert report.row("pa", "accuracy", "gender & band", value).n == numbers["n"]
        assert report.row("pa", "accuracy", "gender & band", value).value == pytest.approx(numbers["acc"], **NEAR)
        assert report.row("pa", "selection_rate", "gender & band", value).value == pytest.approx(numbers["sel"], **NEAR)


def test_intersection_miss_rates_are_undefined_where_nobody_is_positive(f1, expected) -> None:
    report = compare([evaluation(f1, "pa")], ComparisonPlan(metrics=("fnr",), by=(("gender", "band"),), n_boot=100))
    for cell, numbers in expected["fairlearn_intersection_a"].items():
        row = report.row("pa", "fnr", "gender & band", cell.replace("/", " & "))
        if row.value is None:
            assert (row.n, row.status, row.reason) == (0, "undefined", "zero_denominator")
        else:
            assert row.value == pytest.approx(numbers["fnr"], **NEAR)


def test_gap_over_eligible_cells_only(f1, expected) -> None:
    def gap(minimum: int) -> float | None:
        sizes = StatisticalMinimum(rate=minimum)
        plan = ComparisonPlan(metrics=("accuracy",), by=(("gender", "band"),), n_boot=100, min_n_stat=sizes)
        return compare([evaluation(f1, "pa", own_student=True)], plan).gaps[0].value

    assert gap(1) == pytest.approx(expected["fairlearn_intersection_diff"]["acc"], **NEAR)
    assert gap(6) == pytest.approx(2 / 3, **NEAR)


def test_calibration_errors(f1, expected) -> None:
    for score, block in (("pa", "overall_a"), ("pb", "overall_b")):
        width = calibration_error(f1["y"], f1[score])
        assert width.mean == pytest.approx(expected[block]["ece10"], **NEAR)
        assert width.maximum == pytest.approx(expected[block]["mce10"], **NEAR)
        mass = calibration_error(f1["y"], f1[score], n_bins=5, strategy="mass")
        assert mass.mean == pytest.approx(expected[block]["ece5_quantile"], **NEAR)
    weighted = calibration_error(f1["y"], f1["pa"], weight=f1["w"])
    assert weighted.mean == pytest.approx(expected["overall_a_weighted"]["ece10"], **NEAR)
    assert weighted.maximum == pytest.approx(expected["overall_a_weighted"]["mce10"], **NEAR)
    for attribute, block in (("gender", "by_gender_a"), ("band", "by_band_a")):
        for value, numbers in expected[block].items():
            rows = f1[attribute] == value
            assert calibration_error(f1["y"][rows], f1["pa"][rows]).mean == pytest.approx(numbers["ece10"], **NEAR)


def test_calibration_error_off_the_edges_is_that_of_torchmetrics(f1, expected) -> None:
    block = expected["ece10_nonedge_b_plus_0.003"]
    error = calibration_error(f1["y"], np.clip(f1["pb"] + 0.003, 0, 1))
    # torchmetrics computes in single precision.
    assert error.mean == pytest.approx(block["torchmetrics_l1"], **PRINTED)
    assert error.rms == pytest.approx(block["torchmetrics_l2"], **PRINTED)
    assert error.maximum == pytest.approx(block["torchmetrics_max"], **PRINTED)
    assert error.mean == pytest.approx(block["ref_l1"], **NEAR)
    assert error.rms == pytest.approx(block["ref_l2"], **NEAR)
    assert error.maximum == pytest.approx(block["ref_mce"], **NEAR)


def test_reliability_table_is_that_of_scikit_learn(f1, expected) -> None:
    rates, scores = expected["sklearn_calibration_curve_b_5"]
    table = reliability_table(f1["y"], f1["pb"], n_bins=5)
    assert [entry.observed_rate for entry in table] == pytest.approx(rates, **NEAR)
    assert [entry.mean_score for entry in table] == pytest.approx(scores, **NEAR)


def test_delong_interval(f1, expected) -> None:
    row = compare([evaluation(f1, "pa", own_student=True)], ComparisonPlan(metrics=("auc",), n_boot=100)).row(
        "pa", "auc"
    )
    value, se, low, high = expected["delong_ci_logit_a"]
    assert row.method == "delong-logit"
    assert (row.value, row.se, row.low, row.high) == pytest.approx((value, se, low, high), **NEAR)
    wald = expected["delong_ci_wald_a"]
    assert (value - 1.959963984540054 * se, value + 1.959963984540054 * se) == pytest.approx(tuple(wald[2:]), **NEAR)


def test_paired_delong(f1, expected) -> None:
    evaluations = [evaluation(f1, name, own_student=True) for name in ("pa", "pb")]
    plan = ComparisonPlan(metrics=("auc",), n_boot=100, reference="pb")
    (pair,) = [pair for pair in compare(evaluations, plan).pairwise if pair.role == "reference"]
    value, z, p = expected["delong_paired_ref"]
    assert pair.method == "delong-paired"
    assert pair.difference == pytest.approx(value, **NEAR)
    assert pair.difference / pair.se == pytest.approx(z, **NEAR)
    assert pair.p == pytest.approx(p, **NEAR)
    # MLstatkit reports the same test with the sign of (second - first).
    assert -pair.difference / pair.se == pytest.approx(expected["mlstatkit_delong_a_vs_b"][0], **NEAR)


def test_group_fairness_in_fairlearns_words(f1, expected) -> None:
    decision = (f1["pa"] >= 0.5).astype(float)
    gender = rates_by_group(f1["y"], decision, f1["gender"])
    answers = expected["fairlearn_gender_a"]
    assert difference(gender, "selection_rate") == pytest.approx(answers["demographic_parity_difference"], **NEAR)
    assert ratio(gender, "selection_rate") == pytest.approx(answers["demographic_parity_ratio"], **NEAR)
    assert difference(gender, "tpr") == pytest.approx(answers["equal_opportunity_difference"], **NEAR)
    assert ratio(gender, "tpr") == pytest.approx(answers["equal_opportunity_ratio"], **NEAR)
    assert difference(gender, "tpr") == pytest.approx(answers["true_positive_rate_difference"], **NEAR)
    assert difference(gender, "fpr") == pytest.approx(answers["false_positive_rate_difference"], **NEAR)
    assert difference(gender, "accuracy") == pytest.approx(answers["accuracy_score_difference"], **NEAR)
    assert min(ratio(gender, "tpr"), ratio(gender, "fpr")) == pytest.approx(answers["equalized_odds_ratio"], **NEAR)
    assert equalised_odds_difference(gender) == pytest.approx(answers["equalized_odds_difference"], **NEAR)
    mean = equalised_odds_difference(gender, "mean")
    assert mean == pytest.approx(answers["equalized_odds_difference_mean"], **NEAR)
    band, answers = rates_by_group(f1["y"], decision, f1["band"]), expected["fairlearn_band_a"]
    assert difference(band, "selection_rate") == pytest.approx(answers["demographic_parity_difference"], **NEAR)
    assert ratio(band, "selection_rate") == pytest.approx(answers["demographic_parity_ratio"], **NEAR)
    assert equalised_odds_difference(band) == pytest.approx(answers["equalized_odds_difference"], **NEAR)
    assert difference(band, "tpr") == pytest.approx(answers["equal_opportunity_difference"], **NEAR)
    weighted, answers = (
        rates_by_group(f1["y"], decision, f1["gender"], f1["w"]),
        expected["fairlearn_gender_a_weighted"],
    )
    assert difference(weighted, "selection_rate") == pytest.approx(answers["demographic_parity_difference"], **NEAR)
    assert equalised_odds_difference(weighted) == pytest.approx(answers["equalized_odds_difference"], **NEAR)


def test_intersection_summaries_in_fairlearns_words(f1, expected) -> None:
    crossed = np.array([f"{a}/{b}" for a, b in zip(f1["gender"], f1["band"], strict=True)])
    rates = rates_by_group(f1["y"], (f1["pa"] >= 0.5).astype(float), crossed)
    for name, rate in (("acc", "accuracy"), ("sel", "selection_rate"), ("fnr", "fnr")):
        assert difference(rates, rate) == pytest.approx(expected["fairlearn_intersection_diff"][name], **NEAR)
        assert ratio(rates, rate) == pytest.approx(expected["fairlearn_intersection_ratio"][name], **NEAR)


def test_group_fairness_in_aif360s_words(f1, expected) -> None:
    decision, answers = (f1["pa"] >= 0.5).astype(float), expected["aif360_gender_a_priv_M"]
    rates = rates_by_group(f1["y"], decision, f1["gender"])
    parity = rates["F"].selection_rate - rates["M"].selection_rate
    assert parity == pytest.approx(answers["statistical_parity_difference"], **NEAR)
    impact = relative_to(rates, "selection_rate", "M")["F"]
    assert impact == pytest.approx(answers["disparate_impact_ratio"], **NEAR)
    assert rates["F"].tpr - rates["M"].tpr == pytest.approx(answers["equal_opportunity_difference"], **NEAR)
    odds = average_odds_difference(rates, "F", "M")
    assert odds == pytest.approx(answers["average_odds_difference"], **NEAR)
    assert abs(odds) == pytest.approx(answers["average_odds_error"], **NEAR)
    assert theil_index(f1["y"], decision) == pytest.approx(answers["theil_index"], **NEAR)


def test_group_fairness_in_aequitas_words(f1, expected) -> None:
    decision = (f1["pa"] >= 0.5).astype(float)
    references = {"gender": "M", "band": "low"}
    names = {"tpr": "tpr", "fpr": "fpr", "fnr": "fnr", "precision": "precision", "false_omission_rate": "for"}
    for row in expected["aequitas"]:
        attribute = row["attribute_name"]
        rates = rates_by_group(f1["y"], decision, f1[attribute])
        own = rates[row["attribute_value"]]
        assert own.n == row["group_size"]
        for ours, theirs in (names | {"selection_rate": "pprev"}).items():
            assert getattr(own, ours) == pytest.approx(row[theirs], abs=1e-9)
            relative = relative_to(rates, ours, references[attribute])[row["attribute_value"]]
            assert relative == pytest.approx(row[f"{theirs}_disparity"], abs=1e-9)


def test_abroca(f1, expected) -> None:
    answers = expected["abroca_gender"]
    female = f1["gender"] == "F"
    for score, name in (("pa", "a"), ("pb", "b")):
        curves = [roc_points(f1["y"][rows], f1[score][rows]) for rows in (female, ~female)]
        assert area_between(*curves) == pytest.approx(answers[f"{name}_exact"], **NEAR)
        assert area_between(*curves) == pytest.approx(answers[f"{name}_grid10000"], abs=2e-5)
        gap = abs(auc(f1["y"][female], f1[score][female]) - auc(f1["y"][~female], f1[score][~female]))
        assert gap == pytest.approx(answers[f"{name}_auc_gap"], **NEAR)
    found = abroca(f1["y"], f1["pa"], female, np.arange(40), permutations=200)
    assert found.value == pytest.approx(answers["a_exact"], **NEAR)
    assert found.p > 0.5


def test_trapezoid_under_the_precision_recall_curve_is_not_average_precision(f1, expected) -> None:
    curve = precision_recall_points(f1["y"], f1["pa"])
    # scikit-learn adds the point (recall 0, precision 1).
    trapezoid = np.trapezoid(np.append(1.0, curve.precision), np.append(0.0, curve.recall))
    assert trapezoid == pytest.approx(expected["pr_curve_trapezoid_a"], **NEAR)
    assert abs(trapezoid - expected["overall_a"]["pr_auc_ap"]) > 0.05


def test_all_scores_tied_give_one_half(expected) -> None:
    value = auc(np.array([0.0, 1, 0, 1]), np.full(4, 0.5))
    assert value == pytest.approx(expected["edge_cases"]["auc_all_ties"], **NEAR)


def test_mcnemar(f1, expected) -> None:
    answers = expected["mcnemar"]
    table = answers["table"]
    found = mcnemar_of(f1["y"], (f1["pa"] >= 0.5).astype(float), (f1["pb"] >= 0.5).astype(float))
    assert (found.only_a, found.only_b) == (table[0][1], table[1][0])
    assert (found.method, found.p) == ("exact-binomial", pytest.approx(answers["exact_p"], **NEAR))
    corrected = mcnemar(found.only_a, found.only_b, exact=False)
    assert (corrected.statistic, corrected.p) == pytest.approx(tuple(answers["chi2_cc"]), **NEAR)


def test_corrections(expected) -> None:
    answers = expected["multitest"]
    assert holm(answers["p"]) == pytest.approx(answers["holm"], **PRINTED)
    assert bh(answers["p"]) == pytest.approx(answers["fdr_bh"], **PRINTED)


def test_essay_agreement(f2, expected) -> None:
    answers, h1, h2, m = expected["essay"], f2["h1"], f2["h2"], f2["m"]
    rounded = np.clip(np.rint(m), 1, 6)
    assert qwk(h1, rounded) == pytest.approx(answers["qwk_rounded_sklearn"], **NEAR)
    assert qwk(h1, m) == pytest.approx(answers["qwk_continuous"], **NEAR)
    assert qwk(h1, h2) == pytest.approx(answers["qwk_h1_h2"], **NEAR)
    assert kappa(h1, rounded) == pytest.approx(answers["kappa_unweighted"], **NEAR)
    assert exact_agreement(h1, rounded) == pytest.approx(answers["exact"], **NEAR)
    assert adjacent_agreement(h1, rounded) == pytest.approx(answers["adjacent"], **NEAR)
    assert pearson(h1, m) == pytest.approx(answers["pearson"], **NEAR)
    for pooling in ("unpooled", "williamson", "pooled"):
        smd = standardised_mean_difference(h1, m, pooling)
        assert smd == pytest.approx(answers[f"smd_{pooling}"], **NEAR)
    assert differences_of_standardised_means(h1, m, f2["grade_group"]) == pytest.approx(answers["dsm"], **NEAR)
    for group, value in answers["smd_unpooled_by_group"].items():
        rows = f2["grade_group"] == group
        assert standardised_mean_difference(h1[rows], m[rows]) == pytest.approx(value, **NEAR)
    assert prmse(h1, h2, m) == pytest.approx(answers["prmse_true"], **NEAR)
    assert r_squared(h1, m) == pytest.approx(answers["r2"], **NEAR)


def test_essay_metrics_in_a_report(f2, expected) -> None:
    data = EvaluationData(
        label="essay:v1",
        row=np.arange(20),
        student=np.arange(20),
        truth=f2["h1"],
        prediction=f2["m"],
        groups={"group": f2["grade_group"]},
        protocol={"task": "ordinal"},
    )
    plan = ComparisonPlan(metrics=("qwk", "rmse", "mae", "bias"), by=(("group",),), n_boot=200)
    report, answers = compare([data], plan), expected["essay"]
    for name, answer in (("qwk", "qwk_continuous"), ("rmse", "rmse"), ("mae", "mae"), ("bias", "bias")):
        row = report.row("essay:v1", name)
        assert row.value == pytest.approx(answers[answer], **NEAR)
        assert row.low < row.value < row.high
        assert row.n_pos is None


def test_drift(expected) -> None:
    answers = expected["drift"]
    counts = np.array(answers["psi_counts_expected"], float), np.array(answers["psi_counts_actual"], float)
    assert population_stability_index(*counts) == pytest.approx(answers["psi"], **NEAR)
    empty = population_stability_index(np.array([100.0, 0, 100]), np.array([90.0, 20, 90]))
    assert empty == pytest.approx(answers["psi_empty_bin"], **NEAR)
    samples = np.random.default_rng(1).normal(size=200), np.random.default_rng(2).normal(0.3, 1, size=150)
    found = kolmogorov_smirnov(*samples)
    assert (found.statistic, found.p) == pytest.approx((answers["ks_stat"], answers["ks_p"]), **NEAR)
    assert chi_squared(*counts).p == pytest.approx(answers["chi2_p"], **NEAR)


def test_gain(expected) -> None:
    answers = expected["gain"]
    pre, post = np.array(answers["pre"]), np.array(answers["post"])
    assert class_gain(pre, post, 100) == pytest.approx(answers["hake_class"], **NEAR)
    gains = individual_gains(pre, post, 100)
    for gain, answer in zip(gains, answers["hake_individual"], strict=True):
        assert gain is None if answer is None else gain == pytest.approx(answer, **PRINTED)
    assert np.mean([g for g in gains if g is not None]) == pytest.approx(answers["mean_individual"], **NEAR)
    effect = hedges_g(post, pre)
    assert (effect.d, effect.g.value) == pytest.approx(tuple(answers["hedges"]), **NEAR)
    assert cohen_dz(pre, post).value == pytest.approx(answers["dz"], **NEAR)
