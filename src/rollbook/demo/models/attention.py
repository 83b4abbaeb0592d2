"""A small transformer as plain functions over named weights, so that saving it is saving arrays.

Needs the optional extra `torch`; nothing else in the demo imports it unless torch is installed. Pre-norm blocks as in
Xiong et al. (2020): x + attention(norm(x)), then x + mlp(norm(x)).
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rollbook.demo.columns import IntArray
from rollbook.demo.models.base import read_array

# Torch is an optional extra that the linting environment does not have: what it returns is converted at the edges.
torch: Any = importlib.import_module("torch")

Weights = dict[str, NDArray[np.float32]]
Tensors = dict[str, Any]
WEIGHTS_FILE = "weights.npy"


class Size(NamedTuple):
    """Width of a token, attention heads, blocks."""

    width: int = 32
    heads: int = 4
    blocks: int = 2


def draw(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    """Normal weights with standard deviation 1 / sqrt(fan-in)."""
    return (rng.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)


def draw_blocks(rng: np.random.Generator, size: Size) -> Weights:
    """Fresh weights of all blocks, of the closing norm and of the head."""
    w, wide = size.width, 2 * size.width
    weights: Weights = {}
    for i in range(size.blocks):
        matrices = {"qkv": (w, 3 * w), "out": (w, w), "up": (w, wide), "down": (wide, w)}
        weights |= {f"{i}.{name}": draw(rng, *shape) for name, shape in matrices.items()}
        weights |= {f"{i}.{name}.bias": np.zeros(shape[1], np.float32) for name, shape in matrices.items()}
        weights |= {f"{i}.norm{k}": np.ones(w, np.float32) for k in (1, 2)}
    return weights | {"norm": np.ones(w, np.float32), "head": draw(rng, w, 1), "head.bias": np.zeros(1, np.float32)}


def run_blocks(weights: Tensors, x: Any, size: Size, *, causal: bool) -> Any:
    """Tokens (batch, tokens, width) to logits (batch, tokens). Causal: a token sees itself and earlier ones."""
    functional = torch.nn.functional
    batch, tokens, width = x.shape
    for i in range(size.blocks):
        qkv = _linear(weights, f"{i}.qkv", functional.layer_norm(x, (width,), weights[f"{i}.norm1"]))
        q, k, v = (
            z.reshape(batch, tokens, size.heads, width // size.heads).transpose(1, 2) for z in qkv.chunk(3, dim=-1)
        )
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
        x = x + _linear(weights, f"{i}.out", mixed.transpose(1, 2).reshape(batch, tokens, width))
        inner = _linear(weights, f"{i}.up", functional.layer_norm(x, (width,), weights[f"{i}.norm2"]))
        x = x + _linear(weights, f"{i}.down", functional.gelu(inner))
    return _linear(weights, "head", functional.layer_norm(x, (width,), weights["norm"]))[..., 0]


def _linear(weights: Tensors, name: str, x: Any) -> Any:
    return x @ weights[name] + weights[f"{name}.bias"]


def learn(
    start: Weights,
    loss_of: Callable[[Tensors, IntArray], Any],
    *,
    rows: int,
    batch: int,
    epochs: int,
    rate: float,
    seed: int,
    after: Callable[[int, Weights], float],
) -> Weights:
    """Adam (Kingma and Ba 2015) with decoupled weight decay over shuffled batches.

    Args:
        start: First weights.
        loss_of: Mean loss of the rows at the given positions.
        rows: Number of training rows.
        batch: Rows per step.
        epochs: Passes over the rows.
        rate: Learning rate.
        seed: Seed of the shuffles.
        after: Called after each epoch with its number (from 1) and the weights so far; gives the validation loss.

    Returns:
        The weights of the epoch with the lowest validation loss: a small data set is soon learned by heart.
    """
    rng = np.random.default_rng(seed)
    weights = {name: torch.tensor(values, requires_grad=True) for name, values in start.items()}
    optimizer = torch.optim.AdamW(list(weights.values()), lr=rate, weight_decay=0.01)
    best, lowest = start, float("inf")
    for epoch in range(1, epochs + 1):
        with _reproducible():
            for chosen in _deal(rng.permutation(rows), batch):
                optimizer.zero_grad()
                loss_of(weights, chosen).backward()
                optimizer.step()
        reached = to_arrays(weights)
        loss = after(epoch, reached)
        best, lowest = (reached, loss) if loss < lowest else (best, lowest)
    return best


@contextmanager
def _reproducible() -> Generator[None]:
    """Sums in a fixed order: the same training gives the same weights, and so the same version."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def _deal(rows: IntArray, batch: int) -> list[IntArray]:
    return [rows[start : start + batch] for start in range(0, len(rows), batch)]


def to_arrays(weights: Tensors) -> Weights:
    """Copies of the weights as NumPy arrays."""
    return {name: tensor.detach().numpy().copy() for name, tensor in weights.items()}


def to_tensors(weights: Weights) -> Tensors:
    """The weights as tensors that need no gradient."""
    return {name: torch.from_numpy(values) for name, values in weights.items()}


def flatten(weights: Weights) -> tuple[list[list[Any]], NDArray[np.float32]]:
    """All weights end to end, and the layout: [name, shape] in that order."""
    layout: list[list[Any]] = [[name, list(values.shape)] for name, values in weights.items()]
    return layout, np.concatenate([values.ravel() for values in weights.values()])


def unflatten(layout: list[list[Any]], folder: Path) -> Weights:
    """The weights out of `weights.npy` and its layout."""
    flat = read_array(folder / WEIGHTS_FILE)
    sizes = [math.prod(shape) for _, shape in layout]
    pieces = np.split(flat, np.cumsum(sizes)[:-1])
    return {name: piece.reshape(shape) for (name, shape), piece in zip(layout, pieces, strict=True)}
