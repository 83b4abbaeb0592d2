"""Nine metrics in 44 groups of each version, by another tool: `compare_peers.py TOOL FOLDER VERSIONS` prints JSON.

Reads `labels.parquet` once, then each `scores-K.parquet`; prints the seconds of each version and the AUC of everyone.
Groups: everyone, grade, gender, ethnicity, prior, gender x ethnicity. Metrics: AUC, F1, precision, recall, FPR,
accuracy, Brier, log loss, ECE (15 bins of equal width), or as many of them as the tool has.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Ask = Callable[[Path], float]

GROUPINGS = [["grade"], ["gender"], ["ethnicity"], ["prior"], ["gender", "ethnicity"]]
FOLDER = Path(sys.argv[2])
BINS = 15


def with_polars() -> Ask:
    """Group-by expressions, AUC by ranks over a window."""
    import polars as pl

    labels = pl.read_parquet(FOLDER / "labels.parquet").with_columns(everyone=pl.lit(0))
    flagged, truth, score = pl.col("score") >= 0.5, pl.col("truth"), pl.col("score")
    clipped = score.clip(1e-15, 1 - 1e-15)

    def ask(path: Path) -> float:
        everyone = 0.0
        table = labels.with_columns(pl.read_parquet(path)["score"]).with_columns(
            bin=(score * BINS).ceil().clip(1, BINS).cast(pl.UInt8), flagged=flagged
        )
        for grouping in [["everyone"], *GROUPINGS]:
            ranked = table.with_columns(rank=score.rank("average").over(grouping))
            positive = truth.cast(pl.Int64).sum()
            found = ranked.group_by(grouping).agg(
                n=pl.len(),
                positive=positive,
                auc=((pl.col("rank") * truth).sum() - positive * (positive + 1) / 2)
                / (positive * (pl.len() - positive)),
                tp=(pl.col("flagged") & (truth == 1)).cast(pl.Int64).sum(),
                fp=(pl.col("flagged") & (truth == 0)).cast(pl.Int64).sum(),
                brier=((score - truth) ** 2).mean(),
                log_loss=-pl.when(truth == 1).then(clipped.log()).otherwise((1 - clipped).log()).mean(),
            )
            gaps = table.group_by([*grouping, "bin"]).agg(gap=(score - truth).sum())
            ece = gaps.group_by(grouping).agg(ece=pl.col("gap").abs().sum())
            found = found.join(ece, on=grouping).with_columns(
                f1=2 * pl.col("tp") / (pl.col("tp") + pl.col("fp") + pl.col("positive")),
                fpr=pl.col("fp") / (pl.col("n") - pl.col("positive")),
            )
            if grouping == ["everyone"]:
                everyone = found["auc"][0]
        return everyone

    return ask


def with_duckdb() -> Ask:
    """SQL, AUC by ranks over a window."""
    import duckdb

    base = duckdb.connect()
    base.execute(f"create table labels as select *, 0 as everyone from '{FOLDER}/labels.parquet'")

    def ask(path: Path) -> float:
        everyone = 0.0
        base.execute(f"create or replace table t as select l.*, s.score from labels l positional join '{path}' s")
        for grouping in [["everyone"], *GROUPINGS]:
            by = ", ".join(grouping)
            rows = base.execute(
                f"""
                with ranked as (select *, rank() over (partition by {by} order by score) as low,
                                       count(*) over (partition by {by}, score) as ties from t)
                select {by}, (sum(truth * (low + (ties - 1) / 2.0)) - sum(truth) * (sum(truth) + 1) / 2)
                             / (sum(truth) * (count(*) - sum(truth))) as auc,
                       sum((score >= 0.5)::int * truth) as tp, sum((score >= 0.5)::int * (1 - truth)) as fp,
                       avg((score - truth) ** 2) as brier,
                       avg(-ln(greatest(case when truth = 1 then score else 1 - score end, 1e-15))) as log_loss
                from ranked group by {by}"""
            ).fetchall()
            base.execute(
                f"""select {by}, sum(abs(gap)) from
                (select {by}, least(greatest(ceil(score * {BINS}), 1), {BINS}) as bin, sum(score - truth) as gap
                 from t group by {by}, bin) group by {by}"""
            ).fetchall()
            if grouping == ["everyone"]:
                everyone = float(rows[0][1])
        return everyone

    return ask


def _groups(labels: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    import numpy as np

    yield None, np.ones(len(labels["truth"]), dtype=bool)
    for grouping in GROUPINGS:
        code = np.zeros(len(labels["truth"]), dtype=np.int64)
        for name in grouping:
            code = code * 100 + labels[name]
        for value in np.unique(code):
            yield (grouping, value), code == value


def with_sklearn() -> Ask:
    """A loop over groups and metrics."""
    import numpy as np
    import pyarrow.parquet as pq
    from sklearn import metrics

    table = pq.read_table(FOLDER / "labels.parquet")
    labels = {name: table.column(name).to_numpy() for name in table.column_names}

    def ask(path: Path) -> float:
        score = pq.read_table(path).column("score").to_numpy()
        everyone = 0.0
        for name, inside in _groups(labels):
            truth, p = labels["truth"][inside], score[inside]
            flagged = p >= 0.5
            auc = metrics.roc_auc_score(truth, p)
            metrics.f1_score(truth, flagged)
            metrics.precision_score(truth, flagged)
            metrics.recall_score(truth, flagged)
            metrics.accuracy_score(truth, flagged)
            metrics.confusion_matrix(truth, flagged)
            metrics.brier_score_loss(truth, p)
            metrics.log_loss(truth, p)
            bins = np.clip(np.ceil(p * BINS).astype(int) - 1, 0, BINS - 1)
            np.abs(np.bincount(bins, weights=p - truth, minlength=BINS)).sum()
            everyone = auc if name is None else everyone
        return everyone

    return ask


def with_fairlearn() -> Ask:
    """MetricFrame, one grouping at a time."""
    import fairlearn.metrics as fair
    import pyarrow.parquet as pq
    from sklearn import metrics

    table = pq.read_table(FOLDER / "labels.parquet").to_pandas()

    def ask(path: Path) -> float:
        score = pq.read_table(path).column("score").to_numpy()
        on_scores = {"auc": metrics.roc_auc_score, "brier": metrics.brier_score_loss, "log_loss": metrics.log_loss}
        on_flags = {
            "f1": metrics.f1_score,
            "precision": metrics.precision_score,
            "recall": metrics.recall_score,
            "fpr": fair.false_positive_rate,
            "accuracy": metrics.accuracy_score,
        }
        truth = table["truth"]
        for grouping in GROUPINGS:
            features = table[grouping]
            frame = fair.MetricFrame(metrics=on_scores, y_true=truth, y_pred=score, sensitive_features=features)
            flags = fair.MetricFrame(metrics=on_flags, y_true=truth, y_pred=score >= 0.5, sensitive_features=features)
            assert len(frame.by_group) == len(flags.by_group)
        return float(frame.overall["auc"])

    return ask


TOOLS = {"polars": with_polars, "duckdb": with_duckdb, "scikit-learn": with_sklearn, "fairlearn": with_fairlearn}

ask = TOOLS[sys.argv[1]]()
seconds: list[float] = []
aucs: list[float] = []
for version in range(int(sys.argv[3])):
    started = time.perf_counter()
    aucs.append(ask(FOLDER / f"scores-{version}.parquet"))
    seconds.append(time.perf_counter() - started)
print("\n" + json.dumps({"seconds": seconds, "auc": aucs}))
