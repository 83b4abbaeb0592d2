"""What happened and what the model said: truth, score and prediction under a protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from rollbook.model.errors import InvalidTable
from rollbook.model.evaluation import EvaluationProtocol
from rollbook.tables.labels import class_labels
from rollbook.tables.typed import convert, refuse_rows


class UserColumn(NamedTuple):
    """A column as the user gave it.

    Attributes:
        name: Its name in the user's frame, for messages.
        values: Its values in a plain encoding.
    """

    name: str
    values: pa.Array


def outcome_columns(source: Mapping[str, UserColumn], protocol: EvaluationProtocol) -> dict[str, pa.Array]:
    """The columns `truth`, `score` and `prediction`.

    Args:
        source: The user's columns by canonical name.
        protocol: Says what labels and scores are allowed.

    Returns:
        `truth` and `prediction` of `protocol.label_type`, `score` as double; those that there are.

    Raises:
        InvalidTable: Neither score nor prediction is given, or values break the protocol.
    """
    if "score" not in source and "prediction" not in source:
        raise InvalidTable(
            "there is neither a score nor a prediction", hint="name the column: score=... or prediction=..."
        )
    if protocol.task == "multiclass" and "prediction" not in source:
        raise InvalidTable("a multiclass evaluation needs a prediction", hint="name the column: prediction=...")
    labelled = {name: source[name] for name in ("truth", "prediction") if name in source}
    columns = _numbers(labelled) if protocol.label_type == "double" else _classes(labelled, protocol)
    if "score" in source:
        columns["score"] = _scores(*source["score"], protocol)
    return columns


def _numbers(labelled: Mapping[str, UserColumn]) -> dict[str, pa.Array]:
    return {canonical: _finite(*column) for canonical, column in labelled.items()}


def _finite(name: str, array: pa.Array) -> pa.Array:
    numbers = convert(array, pa.float64(), name)
    refuse_rows(name, array, numbers.is_null(), "are missing", hint="leave rows without a value out and say so")
    refuse_rows(name, array, pc.invert(pc.is_finite(numbers)), "are not finite", hint="mend the model's output")
    return numbers


def _scores(name: str, array: pa.Array, protocol: EvaluationProtocol) -> pa.Array:
    scores = _finite(name, array)
    if protocol.task == "binary" and protocol.score_scale == "probability":
        outside = pc.or_(pc.less(scores, 0.0), pc.greater(scores, 1.0))
        refuse_rows(name, array, outside, "are no probabilities", hint="score_scale='any' allows other numbers")
    return scores


def _classes(labelled: Mapping[str, UserColumn], protocol: EvaluationProtocol) -> dict[str, pa.Array]:
    texts: dict[str, pa.Array] = {}
    for canonical, (name, array) in labelled.items():
        text = class_labels(array, name)
        refuse_rows(name, array, text.is_null(), "are missing", hint="leave rows without a label out and say so")
        texts[canonical] = text
    if protocol.task == "binary":
        texts = _read_booleans(texts, protocol)
    labels = protocol.labels or _seen_labels(texts, protocol)
    if labels:
        for canonical, text in texts.items():
            outside = pc.invert(pc.is_in(text, pa.array(labels, pa.string())))
            what = f"are none of the labels {list(labels)}"
            refuse_rows(labelled[canonical].name, text, outside, what, hint="mend them, or declare all labels")
    if protocol.task == "multiclass":
        return texts
    return {canonical: pc.equal(text, protocol.positive).cast(pa.int8()) for canonical, text in texts.items()}


def _read_booleans(texts: Mapping[str, pa.Array], protocol: EvaluationProtocol) -> dict[str, pa.Array]:
    """`true` and `false` written in a CSV, where nothing else was declared."""
    if protocol.labels or protocol.positive != "1":
        return dict(texts)
    words, digits = pa.array(["false", "true"]), pa.array(["0", "1"])
    read: dict[str, pa.Array] = {}
    for name, text in texts.items():
        position = pc.index_in(pc.utf8_lower(text), words)
        read[name] = pc.coalesce(digits.take(position), text)
    return read


def _seen_labels(texts: Mapping[str, pa.Array], protocol: EvaluationProtocol) -> tuple[str, ...]:
    """The two labels of a binary task, where they were not declared."""
    if protocol.task != "binary":
        return ()
    seen = sorted({label for text in texts.values() for label in pc.unique(text).slice(0, 1000).to_pylist()})
    if set(seen) <= {"0", "1"} and protocol.positive == "1":
        return ("0", "1")
    if len(seen) > 2 or protocol.positive not in seen:
        shown = ", ".join(map(repr, seen[:6])) + (", ..." if len(seen) > 6 else "")
        raise InvalidTable(
            f"the labels {shown} are not two of which {protocol.positive!r} is the positive one",
            hint="name the flagged label with positive=..., and declare both with labels=(...) if one does not occur",
        )
    return tuple(seen)
