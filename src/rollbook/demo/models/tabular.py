"""A small transformer over the columns of a row: every feature is a token (Gorishniy et al. 2021). Needs torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rollbook.demo.columns import Columns, FloatArray, IntArray, matrix
from rollbook.demo.models.attention import (
    WEIGHTS_FILE,
    Size,
    Tensors,
    Weights,
    draw,
    draw_blocks,
    flatten,
    learn,
    run_blocks,
    to_tensors,
    torch,
    unflatten,
)
from rollbook.demo.models.base import CurvePoint, Problem, Trained, curve_point, write_array, write_description

KIND = "tabular-transformer"


class TabularTransformer(NamedTuple):
    """P(1) from a summary token that attends to one token per feature.

    Attributes:
        features: Column names.
        mean: Training means.
        scale: Training standard deviations (1 for a constant column).
        size: Shape of the network.
        weights: Named arrays, single precision.
    """

    features: tuple[str, ...]
    mean: FloatArray
    scale: FloatArray
    size: Size
    weights: Weights

    @property
    def parameters(self) -> int:
        """All weights."""
        return sum(values.size for values in self.weights.values())

    def scores(self, columns: Columns) -> FloatArray:
        """P(1) of every row."""
        return self.scores_of(matrix(columns, self.features))

    def scores_of(self, inputs: FloatArray) -> FloatArray:
        """P(1) of raw inputs, shape (rows, features)."""
        x = torch.from_numpy(((inputs - self.mean) / self.scale).astype(np.float32))
        with torch.no_grad():
            return torch.sigmoid(_logits(to_tensors(self.weights), x, self.size)).numpy().astype(np.float64)

    def save(self, folder: Path) -> None:
        """Write `model.json` and `weights.npy`."""
        layout, flat = flatten(self.weights)
        description = {
            "kind": KIND,
            "features": list(self.features),
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "size": self.size._asdict(),
            "layout": layout,
            "weights": WEIGHTS_FILE,
        }
        write_description(folder, description)
        write_array(folder / WEIGHTS_FILE, flat)


def load_tabular(description: dict[str, Any], folder: Path) -> TabularTransformer:
    """The model described by a `model.json` and its `weights.npy`."""
    mean, scale = (np.array(description[key], np.float64) for key in ("mean", "scale"))
    weights = unflatten(description["layout"], folder)
    return TabularTransformer(tuple(description["features"]), mean, scale, Size(**description["size"]), weights)


def train_tabular(problem: Problem, *, seed: int, epochs: int = 12, batch: int = 128, rate: float = 2e-3) -> Trained:
    """Train on the log loss.

    Args:
        problem: What to learn.
        seed: Seed of the first weights and of the shuffles.
        epochs: Passes over the training rows; one point of the curve each.
        batch: Rows per step.
        rate: Learning rate.

    Returns:
        The model of the best epoch on the validation part, and the curve.
    """
    size = Size()
    raw, truth, held = problem.inputs("train"), problem.truth("train"), problem.inputs("validation")
    mean, spread = raw.mean(0), raw.std(0)
    scale = np.where(spread > 0, spread, 1.0)
    x = torch.from_numpy(((raw - mean) / scale).astype(np.float32))
    y = torch.from_numpy(truth.astype(np.float32))
    curve: list[CurvePoint] = []

    def model_of(weights: Weights) -> TabularTransformer:
        return TabularTransformer(problem.features, mean, scale, size, weights)

    def loss_of(weights: Tensors, rows: IntArray) -> Any:
        chosen = torch.from_numpy(rows)
        return torch.nn.functional.binary_cross_entropy_with_logits(_logits(weights, x[chosen], size), y[chosen])

    def measure(epoch: int, weights: Weights) -> float:
        model = model_of(weights)
        curve.append(curve_point(epoch, problem, model.scores_of(raw), model.scores_of(held)))
        return curve[-1]["validation_loss"]

    start = _first_weights(len(problem.features), size, seed)
    best = learn(start, loss_of, rows=len(raw), batch=batch, epochs=epochs, rate=rate, seed=seed, after=measure)
    params = {**size._asdict(), "epochs": epochs, "batch": batch, "rate": rate, "seed": seed}
    return Trained("small transformer", model_of(best), params, curve)


def _first_weights(features: int, size: Size, seed: int) -> Weights:
    rng = np.random.default_rng(seed)
    tokens = {name: (0.3 * rng.standard_normal((features, size.width))).astype(np.float32) for name in ("slope", "at")}
    return {**tokens, "summary": draw(rng, 1, size.width), **draw_blocks(rng, size)}


def _logits(weights: Tensors, x: Any, size: Size) -> Any:
    tokens = x[:, :, None] * weights["slope"] + weights["at"]
    summary = weights["summary"].expand(len(x), 1, size.width)
    return run_blocks(weights, torch.cat([summary, tokens], dim=1), size, causal=False)[:, 0]
