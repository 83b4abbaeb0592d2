"""AUC with clustered (per-student) standard error and paired difference: Obuchowski 1997, Biometrics 53:567.

Slow and clear, written apart from the product so that both can be wrong only in the same way by accident.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata


def components(y, p):
    """DeLong placement values: AUC, one per positive, one per negative."""
    positive, negative = p[y == 1], p[y == 0]
    m, n = len(positive), len(negative)
    ranks = rankdata(np.r_[positive, negative])
    v10 = (ranks[:m] - rankdata(positive)) / n
    v01 = 1 - (ranks[m:] - rankdata(negative)) / m
    return v10.mean(), v10, v01


def obuchowski(y, p, cluster, q=None):
    """(AUC, SE) of scores p, or (AUC_p - AUC_q, SE) when q is given; rows of one cluster may be dependent.

    y: 0/1 of length n; p, q: scores of length n; cluster: n labels. Needs >= 2 clusters with either class.
    """
    y = np.asarray(y)
    cluster = np.unique(cluster, return_inverse=True)[1]
    clusters = cluster.max() + 1
    m = np.bincount(cluster[y == 1], minlength=clusters)
    n = np.bincount(cluster[y == 0], minlength=clusters)

    def sums(scores):
        auc, v10, v01 = components(y, np.asarray(scores, float))
        a = np.bincount(cluster[y == 1], weights=v10, minlength=clusters) - m * auc
        b = np.bincount(cluster[y == 0], weights=v01, minlength=clusters) - n * auc
        return auc, a, b

    with_positive, with_negative = (m > 0).sum(), (n > 0).sum()
    total_positive, total_negative = m.sum(), n.sum()

    def covariance(a, b, c, d):
        s10 = with_positive / ((with_positive - 1) * total_positive) * (a * c).sum()
        s01 = with_negative / ((with_negative - 1) * total_negative) * (b * d).sum()
        s11 = clusters / (clusters - 1) * ((a * d).sum() + (c * b).sum())
        return s10 / total_positive + s01 / total_negative + s11 / (total_positive * total_negative)

    auc, a, b = sums(p)
    if q is None:
        return auc, covariance(a, b, a, b) ** 0.5
    auc_q, c, d = sums(q)
    return auc - auc_q, (covariance(a, b, a, b) + covariance(c, d, c, d) - 2 * covariance(a, b, c, d)) ** 0.5
