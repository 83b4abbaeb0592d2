"""The node table scores exactly as the scikit-learn object it was taken from."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

from rollbook.demo.models.base import Problem
from rollbook.demo.models.ensembles import train_boosting, train_forest


def test_a_forest_scores_as_scikit_learn_does(problem: Problem) -> None:
    model = train_forest(problem, seed=5, trees=10, points=1).model
    oracle = RandomForestClassifier(10, min_samples_leaf=10, random_state=5)
    oracle.fit(problem.inputs("train"), problem.truth("train"))
    expected = oracle.predict_proba(problem.inputs("test"))[:, 1]
    test = {name: values[problem.columns["part"] == "test"] for name, values in problem.columns.items()}
    np.testing.assert_allclose(model.scores(test), expected, atol=1e-12)


def test_boosting_scores_as_scikit_learn_does(problem: Problem) -> None:
    trained = train_boosting(problem, seed=5, trees=15)
    oracle = GradientBoostingClassifier(
        n_estimators=15, max_depth=3, learning_rate=0.08, min_samples_leaf=20, subsample=0.5, random_state=5
    ).fit(problem.inputs("train"), problem.truth("train"))
    expected = oracle.predict_proba(problem.inputs("test"))[:, 1]
    test = {name: values[problem.columns["part"] == "test"] for name, values in problem.columns.items()}
    np.testing.assert_allclose(trained.model.scores(test), expected, atol=1e-12)
    assert len(trained.curve) == 15
