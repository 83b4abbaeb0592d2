"""Logistic regression, trained step by step so that it has a learning curve."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rollbook.demo.columns import Columns, FloatArray, matrix
from rollbook.demo.models.base import CurvePoint, Problem, Trained, curve_point, write_description
from rollbook.synthetic.tutoring import sigmoid

KIND = "logistic"


class LogisticModel(NamedTuple):
    """P(1) = sigma(intercept + sum of weight * (x - mean) / scale).

    Attributes:
        features: Column names.
        mean: Training means.
        scale: Training standard deviations (1 for a constant column).
        weights: One per feature, for the standardised values.
        intercept: Log odds for a row of means.
    """

    features: tuple[str, ...]
    mean: FloatArray
    scale: FloatArray
    weights: FloatArray
    intercept: float

    @property
    def parameters(self) -> int:
        """Weights and intercept."""
        return len(self.weights) + 1

    def scores(self, columns: Columns) -> FloatArray:
        """P(1) of every row."""
        standard = (matrix(columns, self.features) - self.mean) / self.scale
        return sigmoid(standard @ self.weights + self.intercept)

    def save(self, folder: Path) -> None:
        """Write `model.json`: every number of the model, readable."""
        per_feature = {
            name: {"mean": mean, "scale": scale, "weight": weight}
            for name, mean, scale, weight in zip(
                self.features, self.mean.tolist(), self.scale.tolist(), self.weights.tolist(), strict=True
            )
        }
        order = list(self.features)
        description = {"kind": KIND, "order": order, "features": per_feature, "intercept": self.intercept}
        write_description(folder, description)


def load_logistic(description: dict[str, Any]) -> LogisticModel:
    """The model described by a `model.json`."""
    order: list[str] = description["order"]
    each = [description["features"][name] for name in order]

    def column(key: str) -> FloatArray:
        return np.array([feature[key] for feature in each], np.float64)

    return LogisticModel(
        tuple(order), column("mean"), column("scale"), column("weight"), float(description["intercept"])
    )


def train_logistic(problem: Problem, *, steps: int = 60, penalty: float = 1.0) -> Trained:
    """Ridge-penalised logistic regression by accelerated gradient descent (Nesterov 1983), full batch.

    Minimises sum of log losses + penalty / 2 * |weights|^2 over standardised features: scikit-learn's
    `LogisticRegression(C=1 / penalty)`.

    Args:
        problem: What to learn.
        steps: Gradient steps; one point of the curve each.
        penalty: Ridge penalty; the intercept is free.

    Returns:
        The model of the last step, and the curve.
    """
    raw, truth = problem.inputs("train"), problem.truth("train")
    mean, spread = raw.mean(0), raw.std(0)
    scale = np.where(spread > 0, spread, 1.0)
    x = np.column_stack([(raw - mean) / scale, np.ones(len(raw))])
    ridge = np.r_[np.full(x.shape[1] - 1, penalty), 0.0]
    rate = 1.0 / (0.25 * np.linalg.eigvalsh(x.T @ x)[-1] + penalty)
    held = np.column_stack([(problem.inputs("validation") - mean) / scale, np.ones(len(problem.truth("validation")))])
    weights = ahead = np.zeros(x.shape[1])
    curve: list[CurvePoint] = []
    for step in range(1, steps + 1):
        gradient = x.T @ (sigmoid(x @ ahead) - truth) + ridge * ahead
        previous, weights = weights, ahead - rate * gradient
        ahead = weights + (step - 1) / (step + 2) * (weights - previous)
        curve.append(curve_point(step, problem, sigmoid(x @ weights), sigmoid(held @ weights)))
    model = LogisticModel(problem.features, mean, scale, weights[:-1], float(weights[-1]))
    return Trained("logistic regression", model, {"steps": steps, "penalty": penalty}, curve)
