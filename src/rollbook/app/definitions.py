"""What each numbered metric is, in one line of plain words, so that a report explains itself for ever."""

from __future__ import annotations

from collections.abc import Mapping

DEFINITIONS: Mapping[str, str] = {
    "auc@1": "Probability that a positive row scores above a negative one, ties counting half.",
    "average_precision@1": "Mean precision over positive rows, as a step function of recall.",
    "lift@1": "Average precision divided by prevalence.",
    "accuracy@1": "Rows decided rightly, of all rows: (TP + TN) / all.",
    "balanced_accuracy@1": "Mean of the rates of rightly decided positives and negatives.",
    "precision@1": "Flagged rows that are positive, of all flagged: TP / (TP + FP).",
    "recall@1": "Positive rows that were flagged, of all positive: TP / (TP + FN).",
    "fnr@1": "Missed students: positive rows that were not flagged, of all positive: FN / (TP + FN).",
    "fpr@1": "False alarms: negative rows that were flagged, of all negative: FP / (FP + TN).",
    "tnr@1": "Negative rows that were not flagged, of all negative: TN / (FP + TN).",
    "npv@1": "Unflagged rows that are negative, of all unflagged: TN / (TN + FN).",
    "f1@1": "Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).",
    "mcc@1": "Correlation of decision and truth: (TP TN - FP FN) / sqrt((TP+FP)(TP+FN)(TN+FP)(TN+FN)).",
    "selection_rate@1": "Share of rows that were flagged: (TP + FP) / all.",
    "prevalence@1": "Share of rows that are positive: (TP + FN) / all.",
    "brier@1": "Mean squared distance of probability and truth.",
    "brier_skill@1": "1 - Brier / (prevalence (1 - prevalence)): 0 is no better than always saying the prevalence.",
    "log_loss@1": "Mean of -ln of the probability given to what happened, kept 1e-15 from 0 and 1.",
    "ece@1": "Mean distance of score and rate over 10 bins of equal mass; biased upward in small samples.",
    "ece_width@1": "Mean distance of score and rate over 15 bins of equal width; biased upward in small samples.",
    "calibration_in_the_large@1": "Mean score minus rate: over-estimates (+) or under-estimates (-).",
    "rmse@1": "Root of the mean squared error of a predicted number.",
    "mae@1": "Mean absolute error of a predicted number.",
    "bias@1": "Mean error of a predicted number: predicted minus true.",
    "qwk@1": "Quadratic weighted kappa: 1 - E(h-m)^2 / (var h + var m + (mean h - mean m)^2).",
}
"""By numbered id; a mended formula gets a new number and a new line, and the old line stays."""
