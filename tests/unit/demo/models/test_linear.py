from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.linear_model import LogisticRegression

from rollbook.demo.columns import matrix
from rollbook.demo.models.base import Problem
from rollbook.demo.models.linear import LogisticModel, train_logistic


def test_the_converged_model_is_scikit_learns(problem: Problem) -> None:
    model = train_logistic(problem, steps=3000, penalty=2.0).model
    assert isinstance(model, LogisticModel)
    standard = (problem.inputs("train") - model.mean) / model.scale
    oracle = LogisticRegression(C=0.5, tol=1e-10, max_iter=5000).fit(standard, problem.truth("train"))
    np.testing.assert_allclose(model.weights, oracle.coef_[0], atol=2e-4)
    assert model.intercept == pytest.approx(oracle.intercept_[0], abs=2e-4)


def test_a_constant_feature_is_harmless(problem: Problem) -> None:
    flat = problem.columns | {"grade_level": np.full(len(problem.columns["row"]), 7)}
    scores = train_logistic(problem._replace(columns=flat)).model.scores(flat)
    assert np.isfinite(scores).all()


def test_the_formula_is_the_documented_one(problem: Problem) -> None:
    model = train_logistic(problem, steps=5).model
    assert isinstance(model, LogisticModel)
    x = matrix(problem.columns, problem.features)[:3]
    logit = ((x - model.mean) / model.scale * model.weights).sum(1) + model.intercept
    rows = {name: values[:3] for name, values in problem.columns.items()}
    np.testing.assert_allclose(model.scores(rows), 1 / (1 + np.exp(-logit)))
