"""Pure statistics: which version is better, for whom, and is it real? Arrays in, values out; knows no store.

`compare` is the way in. The modules below it stand alone: `ranking`, `calibration`, `curves`, `abroca`, `agreement`,
`gain`, `fairness`, `drift` and `significance` hold the functions that a notebook calls directly.
"""

from __future__ import annotations

from rollbook.compare.data import EvaluationData
from rollbook.compare.engine import compare
from rollbook.compare.metrics import METRICS, Metric
from rollbook.compare.plan import ComparisonPlan, StatisticalMinimum
from rollbook.compare.report import Gap, Pairwise, Report, ReportRow, TiedSet

__all__ = [
    "METRICS",
    "ComparisonPlan",
    "EvaluationData",
    "Gap",
    "Metric",
    "Pairwise",
    "Report",
    "ReportRow",
    "StatisticalMinimum",
    "TiedSet",
    "compare",
]
