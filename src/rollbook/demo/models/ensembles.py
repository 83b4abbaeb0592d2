"""Train tree ensembles with scikit-learn and keep what they learned as plain nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

from rollbook.demo.columns import FloatArray
from rollbook.demo.models.base import CurvePoint, Problem, Trained, curve_point
from rollbook.demo.models.trees import NODE, Combine, TreeModel


def train_forest(
    problem: Problem, *, seed: int, trees: int = 200, points: int = 20, min_samples_leaf: int = 10
) -> Trained:
    """Random forest (Breiman 2001), grown in steps.

    Args:
        problem: What to learn.
        seed: Seed of the forest.
        trees: Number of trees.
        points: Points of the learning curve: the forest is measured after each `trees / points` trees.
        min_samples_leaf: Smallest leaf.

    Returns:
        The model and its curve (`step` = trees so far).
    """
    forest: Any = RandomForestClassifier(
        trees, min_samples_leaf=min_samples_leaf, random_state=seed, n_jobs=2, warm_start=True
    )
    x, truth, held = problem.inputs("train"), problem.truth("train"), problem.inputs("validation")
    curve: list[CurvePoint] = []
    for size in np.linspace(trees / points, trees, points).round().astype(int).tolist():
        forest.set_params(n_estimators=size).fit(x, truth)
        train, validation = forest.predict_proba(x)[:, 1], forest.predict_proba(held)[:, 1]
        curve.append(curve_point(size, problem, train, validation))
    model = _collect(problem.features, "mean", 0.0, 1.0, [tree.tree_ for tree in forest.estimators_], _share_of_ones)
    return Trained("random forest", model, {"trees": trees, "min_samples_leaf": min_samples_leaf, "seed": seed}, curve)


def train_boosting(
    problem: Problem, *, seed: int, trees: int = 80, depth: int = 3, rate: float = 0.08, min_samples_leaf: int = 20
) -> Trained:
    """Gradient boosting of the log loss (Friedman 2001), each tree on half of the rows.

    Args:
        problem: What to learn.
        seed: Seed of the subsampling.
        trees: Number of trees; one point of the curve each.
        depth: Depth of a tree.
        rate: Learning rate.
        min_samples_leaf: Smallest leaf.

    Returns:
        The model and its curve (`step` = trees so far).
    """
    boosting: Any = GradientBoostingClassifier(
        n_estimators=trees,
        max_depth=depth,
        learning_rate=rate,
        min_samples_leaf=min_samples_leaf,
        subsample=0.5,
        random_state=seed,
    )
    x, truth, held = problem.inputs("train"), problem.truth("train"), problem.inputs("validation")
    boosting.fit(x, truth)
    stages = zip(boosting.staged_predict_proba(x), boosting.staged_predict_proba(held), strict=True)
    curve = [curve_point(step, problem, a[:, 1], b[:, 1]) for step, (a, b) in enumerate(stages, start=1)]
    prior = float(truth.mean())
    base = float(np.log(prior / (1 - prior)))
    fitted = [tree.tree_ for tree in boosting.estimators_[:, 0]]
    model = _collect(problem.features, "log-odds", base, rate, fitted, _regression_value)
    params = {"trees": trees, "depth": depth, "rate": rate, "min_samples_leaf": min_samples_leaf, "seed": seed}
    return Trained("gradient boosting", model, {**params, "subsample": 0.5}, curve)


def _share_of_ones(tree: Any) -> FloatArray:
    return tree.value[:, 0, 1]


def _regression_value(tree: Any) -> FloatArray:
    return tree.value[:, 0, 0]


def _collect(
    features: tuple[str, ...],
    combine: Combine,
    base: float,
    rate: float,
    trees: Sequence[Any],
    value: Callable[[Any], FloatArray],
) -> TreeModel:
    """One table of nodes out of fitted scikit-learn trees."""
    sizes = [int(tree.node_count) for tree in trees]
    roots = np.cumsum([0, *sizes[:-1]])
    nodes = np.zeros(sum(sizes), NODE)
    for root, size, tree in zip(roots.tolist(), sizes, trees, strict=True):
        rows = nodes[root : root + size]
        inner = tree.children_left >= 0
        rows["left"] = np.where(inner, tree.children_left + root, -1)
        rows["right"] = np.where(inner, tree.children_right + root, -1)
        rows["feature"] = np.where(inner, tree.feature, -1)
        rows["threshold"] = np.where(inner, tree.threshold, 0.0)
        rows["value"] = np.where(inner, 0.0, value(tree))
    return TreeModel(features, combine, base, rate, roots, nodes)
