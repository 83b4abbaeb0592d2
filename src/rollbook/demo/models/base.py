"""What a trained model is to the demo: scores, a size, a learning curve, a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from rollbook.demo.columns import Columns, FloatArray, matrix, part
from rollbook.model.errors import SourceUnreadable

Params = dict[str, str | int | float]
CurvePoint = dict[str, float]

MODEL_FILE = "model.json"


class Model(Protocol):
    """A model that scores rows: P(outcome = 1)."""

    @property
    def parameters(self) -> int:
        """How many learned numbers a score depends on: the demo's measure of simplicity."""
        ...

    def scores(self, columns: Columns) -> FloatArray:
        """One score in [0, 1] per row."""
        ...

    def save(self, folder: Path) -> None:
        """Write the model; the same model writes the same bytes."""
        ...


class Trained(NamedTuple):
    """A model and how it came to be.

    Attributes:
        architecture: What kind of model, in words.
        model: The model.
        params: Hyperparameters.
        curve: One point per training step: step, train_loss, validation_loss (mean log loss), validation_auc.
    """

    architecture: str
    model: Model
    params: Params
    curve: list[CurvePoint]


class Problem(NamedTuple):
    """What to learn: rows that carry their part of the split.

    Attributes:
        columns: All rows.
        features: The columns to learn from.
        outcome: The 0/1 column to predict.
    """

    columns: Columns
    features: tuple[str, ...]
    outcome: str

    def inputs(self, name: str) -> FloatArray:
        """Features of one part of the split, shape (rows, features)."""
        return matrix(part(self.columns, name), self.features)

    def truth(self, name: str) -> FloatArray:
        """Outcome of one part of the split, as 0.0 and 1.0."""
        return part(self.columns, name)[self.outcome].astype(np.float64)


def log_loss(truth: FloatArray, score: FloatArray) -> float:
    """Mean negative log-likelihood, with scores cut to [1e-15, 1 - 1e-15]."""
    p = np.clip(score, 1e-15, 1 - 1e-15)
    return float(-np.mean(truth * np.log(p) + (1 - truth) * np.log1p(-p)))


def auc(truth: FloatArray, score: FloatArray) -> float:
    """Area under the ROC curve by mid-ranks (Hanley and McNeil 1982); NaN where only one class is present."""
    positives = float(truth.sum())
    negatives = len(truth) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    midrank = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((midrank[truth == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def curve_point(step: int, problem: Problem, train: FloatArray, validation: FloatArray) -> CurvePoint:
    """One point of a learning curve from the scores of both parts."""
    held = problem.truth("validation")
    return {
        "step": step,
        "train_loss": log_loss(problem.truth("train"), train),
        "validation_loss": log_loss(held, validation),
        "validation_auc": auc(held, validation),
    }


def best_f1_threshold(truth: FloatArray, score: FloatArray) -> float:
    """The threshold t with the highest F1 of the rule `score >= t`; the highest such t where several tie.

    Args:
        truth: 0.0 or 1.0, at least one of them 1.0.
        score: One score per row.

    Returns:
        One of the scores.
    """
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(truth[order])
    flagged = np.arange(1, len(order) + 1)
    f1 = 2 * hits / (flagged + hits[-1])
    last_of_ties = np.r_[score[order][1:] != score[order][:-1], True]
    return float(score[order][np.argmax(np.where(last_of_ties, f1, -1.0))])


def write_description(folder: Path, description: dict[str, Any]) -> None:
    """Write `model.json`: sorted keys, two spaces, one closing newline."""
    folder.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(description, order="sorted"), indent=2)
    (folder / MODEL_FILE).write_bytes(text + b"\n")


def read_description(folder: Path) -> dict[str, Any]:
    """Read `model.json`.

    Raises:
        SourceUnreadable: The folder holds no readable `model.json`.
    """
    try:
        return msgspec.json.decode((folder / MODEL_FILE).read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError) as error:
        raise SourceUnreadable(f"no model in {str(folder)!r}: {error}", hint="a folder that a demo run saved") from None


def write_array(path: Path, values: NDArray[Any]) -> None:
    """Write one `.npy` file without pickling (and so without dates: equal arrays give equal bytes)."""
    np.save(path, np.ascontiguousarray(values), allow_pickle=False)


def read_array(path: Path) -> NDArray[Any]:
    """Read one `.npy` file; refuses pickled objects.

    Raises:
        SourceUnreadable: The file is missing or is not a plain array.
    """
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise SourceUnreadable(f"cannot read {path.name!r}: {error}", hint="the model's folder is incomplete") from None
