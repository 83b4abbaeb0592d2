"""`run.config` and `run.summary`: mappings that read as attributes, take only JSON and write through."""

from __future__ import annotations

import argparse
import copy
import math
from typing import Any

import numpy as np
import pytest

from rollbook.model.errors import InvalidInput, Unavailable
from rollbook.sdk.config import Facts


class Register:
    def __init__(self) -> None:
        self.writes: list[dict[str, Any]] = []
        self.away = False

    def __call__(self, values: dict[str, Any]) -> None:
        if self.away:
            raise Unavailable("the register is busy")
        self.writes.append(values)


@pytest.fixture
def register() -> Register:
    return Register()


@pytest.fixture
def config(register: Register) -> Facts:
    return Facts("config", {"lr": 0.1, "layers": [1, 2]}, register)


def test_reads_by_key_and_by_attribute(config: Facts, register: Register) -> None:
    assert config["lr"] == config.lr == 0.1
    assert dict(config) == {"lr": 0.1, "layers": [1, 2]}
    assert (len(config), list(config), "lr" in config, config.get("x", 7)) == (2, ["lr", "layers"], True, 7)
    assert register.writes == []


def test_every_change_is_one_write_of_all_values(config: Facts, register: Register) -> None:
    config.lr = 0.2
    config["seed"] = 7
    config.update({"a": 1}, b=2)
    del config["layers"]
    assert register.writes == [
        {"lr": 0.2, "layers": [1, 2]},
        {"lr": 0.2, "layers": [1, 2], "seed": 7},
        {"lr": 0.2, "layers": [1, 2], "seed": 7, "a": 1, "b": 2},
        {"lr": 0.2, "seed": 7, "a": 1, "b": 2},
    ]


def test_takes_namespaces_pairs_and_numpy(config: Facts) -> None:
    config.update(argparse.Namespace(epochs=3), [("depth", 4)], width=np.int64(5))
    assert (config.epochs, config.depth, config.width) == (3, 4, 5)
    assert type(config.width) is int


@pytest.mark.parametrize(
    "bad", [{"x": {1, 2}}, {"x": 2**63}, {"x": "a\0"}, {"\ud800": 1}, {"$float": 1}, {7: 1}], ids=ascii
)
def test_what_is_not_json_changes_nothing(config: Facts, register: Register, bad: dict[Any, Any]) -> None:
    before = config.as_dict()
    with pytest.raises(InvalidInput, match="config"):
        config.update({"good": 1} | bad)
    assert config.as_dict() == before
    assert register.writes == []


def test_what_could_not_be_stored_is_not_remembered(config: Facts, register: Register) -> None:
    before = config.as_dict()
    register.away = True
    with pytest.raises(Unavailable):
        config.lr = 0.5
    with pytest.raises(Unavailable):
        del config["lr"]
    assert config.as_dict() == before


def test_a_missing_name_lists_what_there_is(config: Facts) -> None:
    with pytest.raises(AttributeError, match="config has no 'batch'; it has lr, layers"):
        _ = config.batch
    with pytest.raises(KeyError):
        _ = config["batch"]
    with pytest.raises(KeyError):
        del config["batch"]


def test_copies_and_probes_do_no_harm(config: Facts) -> None:
    assert copy.copy(config).lr == 0.1
    assert not hasattr(config, "_repr_png_")
    config.as_dict()["lr"] = 9
    assert config.lr == 0.1
    assert repr(config) == "config {'lr': 0.1, 'layers': [1, 2]}"


def test_values_that_are_not_finite_are_kept(config: Facts) -> None:
    config.loss = math.nan
    assert math.isnan(config.loss)


def test_the_first_values_are_checked_too(register: Register) -> None:
    with pytest.raises(InvalidInput, match="summary"):
        Facts("summary", {"x": object()}, register)
