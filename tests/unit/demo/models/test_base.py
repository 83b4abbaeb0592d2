from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from rollbook.demo.models.base import auc, best_f1_threshold, log_loss, read_array, read_description, write_description
from rollbook.model.errors import SourceUnreadable

ROWS = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.8, 1.0])), min_size=2, max_size=40)


def _arrays(rows: list[tuple[bool, float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([float(y) for y, _ in rows]), np.array([p for _, p in rows])


@given(ROWS.filter(lambda rows: len({y for y, _ in rows}) == 2))
def test_auc_is_scikit_learns(rows: list[tuple[bool, float]]) -> None:
    truth, score = _arrays(rows)
    assert auc(truth, score) == pytest.approx(roc_auc_score(truth, score), abs=1e-12)


def test_auc_of_one_class_is_no_number() -> None:
    assert np.isnan(auc(np.ones(3), np.array([0.1, 0.2, 0.3])))


@given(ROWS)
def test_log_loss_is_scikit_learns(rows: list[tuple[bool, float]]) -> None:
    truth, score = _arrays(rows)
    clipped = np.clip(score, 1e-15, 1 - 1e-15)
    assert log_loss(truth, score) == pytest.approx(sklearn_log_loss(truth, clipped, labels=[0, 1]), rel=1e-9)


@settings(max_examples=40)
@given(ROWS.filter(lambda rows: any(y for y, _ in rows)))
def test_no_threshold_has_a_better_f1(rows: list[tuple[bool, float]]) -> None:
    truth, score = _arrays(rows)

    def f1(threshold: float) -> float:
        return float(f1_score(truth, score >= threshold))

    reached = {threshold: f1(threshold) for threshold in set(score.tolist())}
    best = max(reached.values())
    assert best_f1_threshold(truth, score) == max(t for t, value in reached.items() if value > best - 1e-12)


def test_a_description_is_readable_and_always_the_same_bytes(tmp_path: Path) -> None:
    write_description(tmp_path / "a", {"b": 1, "a": [0.1, 2]})
    write_description(tmp_path / "b", {"a": [0.1, 2], "b": 1})
    assert (tmp_path / "a/model.json").read_bytes() == (tmp_path / "b/model.json").read_bytes()
    assert read_description(tmp_path / "a") == {"a": [0.1, 2], "b": 1}


def test_a_folder_without_a_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="no model in"):
        read_description(tmp_path)
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(SourceUnreadable):
        read_description(tmp_path)


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "nodes.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(SourceUnreadable):
        read_array(tmp_path / "nodes.npy")
