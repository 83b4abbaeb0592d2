"""Open a saved model by what its `model.json` says it is."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from rollbook.demo.models import bkt, linear, trees
from rollbook.demo.models.base import Model, read_description
from rollbook.model.errors import InvalidInput, MissingExtra


def torch_installed() -> bool:
    """Whether the optional extra `torch` can be imported."""
    return importlib.util.find_spec("torch") is not None


def load_model(folder: Path) -> Model:
    """Open the model in a folder.

    Args:
        folder: What `save` of any model of this package wrote.

    Returns:
        A model that scores as the saved one did.

    Raises:
        SourceUnreadable: The folder holds no model, or not all of it.
        InvalidInput: The model is of an unknown kind.
        MissingExtra: A transformer is opened where torch is not installed.
    """
    description = read_description(folder)
    match description.get("kind"):
        case linear.KIND:
            return linear.load_logistic(description)
        case trees.KIND:
            return trees.load_trees(description, folder)
        case bkt.KIND:
            return bkt.load_bkt(description)
        case "tabular-transformer" | "sequence-transformer" as kind:
            if not torch_installed():
                raise MissingExtra(f"a {kind} needs torch", hint="pip install 'rollbook[torch]'")
            from rollbook.demo.models import sequence, tabular

            load = tabular.load_tabular if kind == tabular.KIND else sequence.load_sequence
            return load(description, folder)
        case other:
            raise InvalidInput(f"unknown kind of model: {other!r}", hint="was it saved by a newer release?")
