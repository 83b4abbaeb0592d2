"""What every model promises: the same training gives the same bytes, and a loaded model the same scores."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")
from rollbook.demo.columns import part, select
from rollbook.demo.histories import KNOWN_IN_ADVANCE, OUTCOME
from rollbook.demo.models import storage
from rollbook.demo.models.base import Problem, Trained, auc
from rollbook.demo.models.bkt import train_bkt
from rollbook.demo.models.ensembles import train_boosting, train_forest
from rollbook.demo.models.linear import train_logistic
from rollbook.model.errors import InvalidInput, MissingExtra, SourceUnreadable


def _sequence(problem: Problem) -> Trained:
    from rollbook.demo.models.sequence import train_sequence

    return train_sequence(problem._replace(features=KNOWN_IN_ADVANCE), seed=0, epochs=2)


def _tabular(problem: Problem) -> Trained:
    from rollbook.demo.models.tabular import train_tabular

    return train_tabular(problem, seed=0, epochs=2)


needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="the optional extra torch is absent")
Train = Callable[[Problem], Trained]
TRAINERS = [
    pytest.param(train_logistic, 0.70, id="logistic"),
    pytest.param(lambda problem: train_forest(problem, seed=0, trees=12, points=4), 0.68, id="forest"),
    pytest.param(lambda problem: train_boosting(problem, seed=0, trees=40), 0.70, id="boosting"),
    pytest.param(lambda problem: train_bkt(problem, iterations=10), 0.60, id="bkt"),
    pytest.param(_tabular, 0.66, id="tabular", marks=needs_torch),
    pytest.param(_sequence, 0.58, id="sequence", marks=needs_torch),
]
each_model = pytest.mark.parametrize(("train", "least"), TRAINERS)


@each_model
def test_it_learns_and_its_curve_falls(train: Train, least: float, problem: Problem) -> None:
    trained = train(problem)
    test = part(problem.columns, "test")
    scores = trained.model.scores(test)
    assert scores.shape == (len(test["row"]),)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert auc(test[OUTCOME].astype(float), scores) > least
    assert trained.curve[-1]["train_loss"] < trained.curve[0]["train_loss"]
    assert [point["step"] for point in trained.curve] == sorted(point["step"] for point in trained.curve)
    assert trained.model.parameters > 0


@each_model
def test_a_loaded_model_gives_the_same_scores(train: Train, least: float, problem: Problem, tmp_path: Path) -> None:
    model = train(problem).model
    model.save(tmp_path)
    test = part(problem.columns, "test")
    loaded = storage.load_model(tmp_path)
    np.testing.assert_array_equal(loaded.scores(test), model.scores(test))
    assert loaded.parameters == model.parameters


@each_model
def test_the_same_training_gives_the_same_bytes(train: Train, least: float, problem: Problem, tmp_path: Path) -> None:
    for name in ("one", "two"):
        train(problem).model.save(tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "two").iterdir())
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


@each_model
def test_the_order_of_rows_does_not_matter(train: Train, least: float, problem: Problem) -> None:
    model = train(problem).model
    test = part(problem.columns, "test")
    mixed = np.random.default_rng(3).permutation(len(test["row"]))
    np.testing.assert_allclose(model.scores(select(test, mixed)), model.scores(test)[mixed], atol=1e-5)


@pytest.mark.parametrize("train", [train_bkt, pytest.param(_sequence, marks=needs_torch)])
def test_a_score_does_not_see_its_own_answer_or_a_later_one(train: Train, problem: Problem) -> None:
    model = train(problem).model
    test = part(problem.columns, "test")
    late = test["order"] >= 15
    changed = test | {OUTCOME: np.where(late, 1 - test[OUTCOME], test[OUTCOME])}
    upto = test["order"] <= 15
    np.testing.assert_allclose(model.scores(changed)[upto], model.scores(test)[upto], atol=1e-6)
    assert (model.scores(changed)[~upto] != model.scores(test)[~upto]).any()


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text('{"kind": "oracle"}')
    with pytest.raises(InvalidInput, match="oracle"):
        storage.load_model(tmp_path)


def test_a_forest_without_its_nodes_is_refused(problem: Problem, tmp_path: Path) -> None:
    train_forest(problem, seed=0, trees=2, points=1).model.save(tmp_path)
    (tmp_path / "nodes.npy").unlink()
    with pytest.raises(SourceUnreadable, match=r"nodes\.npy"):
        storage.load_model(tmp_path)


def test_a_transformer_without_torch_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "torch_installed", lambda: False)
    (tmp_path / "model.json").write_text('{"kind": "tabular-transformer"}')
    with pytest.raises(MissingExtra, match="torch"):
        storage.load_model(tmp_path)
