"""Tree ensembles as one plain table of nodes: a person can read it, and it scores with NumPy alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rollbook.demo.columns import Columns, FloatArray, IntArray, matrix
from rollbook.demo.models.base import read_array, write_array, write_description
from rollbook.synthetic.tutoring import sigmoid

KIND = "trees"
NODES_FILE = "nodes.npy"
NODE = np.dtype([("left", "<i4"), ("right", "<i4"), ("feature", "<i4"), ("threshold", "<f8"), ("value", "<f8")])
"""One node. A row goes left where its feature <= threshold. A leaf has left = right = -1 and holds the value."""

Combine = Literal["mean", "log-odds"]


class TreeModel(NamedTuple):
    """Trees whose values are averaged (forest) or added to a base and put through sigma (boosting).

    Attributes:
        features: Column names; `feature` of a node counts in them.
        combine: `mean` of the leaves, or `log-odds`: sigma(base + rate * sum of the leaves).
        base: Log odds before the first tree; 0 for a forest.
        rate: Factor of every leaf; 1 for a forest.
        roots: Row of each tree's root in `nodes`.
        nodes: All nodes of all trees, dtype `NODE`; children are rows of the same table.
    """

    features: tuple[str, ...]
    combine: Combine
    base: float
    rate: float
    roots: IntArray
    nodes: NDArray[Any]

    @property
    def parameters(self) -> int:
        """A feature and a threshold per split, a value per leaf."""
        leaves = int((self.nodes["left"] < 0).sum())
        return 2 * (len(self.nodes) - leaves) + leaves

    def scores(self, columns: Columns) -> FloatArray:
        """P(1) of every row."""
        # Scikit-learn grows and reads its trees in single precision; a threshold means nothing in any other.
        x = matrix(columns, self.features).astype(np.float32)
        total = np.zeros(len(x))
        for root in self.roots.tolist():
            total += self.nodes["value"][self._leaves(x, root)]
        return total / len(self.roots) if self.combine == "mean" else sigmoid(self.base + self.rate * total)

    def _leaves(self, x: NDArray[np.float32], root: int) -> IntArray:
        at = np.full(len(x), root)
        going = np.arange(len(x))
        while True:
            node = self.nodes[at[going]]
            inner = node["left"] >= 0
            if not inner.any():
                return at
            going, node = going[inner], node[inner]
            left = x[going, node["feature"]] <= node["threshold"]
            at[going] = np.where(left, node["left"], node["right"])

    def save(self, folder: Path) -> None:
        """Write `model.json` and `nodes.npy`."""
        description = {
            "kind": KIND,
            "features": list(self.features),
            "combine": self.combine,
            "base": self.base,
            "rate": self.rate,
            "roots": self.roots.tolist(),
            "nodes": NODES_FILE,
        }
        write_description(folder, description)
        write_array(folder / NODES_FILE, self.nodes)


def load_trees(description: dict[str, Any], folder: Path) -> TreeModel:
    """The model described by a `model.json` and its `nodes.npy`."""
    nodes = read_array(folder / NODES_FILE)
    roots = np.array(description["roots"], np.int64)
    features: list[str] = description["features"]
    return TreeModel(tuple(features), description["combine"], description["base"], description["rate"], roots, nodes)
