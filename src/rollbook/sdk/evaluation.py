"""Evaluations: per-student predictions of one model version on one dataset version, prepared to be logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from rollbook import tables
from rollbook.model.canonical import JSON, to_json
from rollbook.model.errors import InvalidInput
from rollbook.model.evaluation import EvaluationProtocol
from rollbook.model.facts import Link, VersionFacts
from rollbook.model.pseudonym import Key
from rollbook.sdk.artifact import Artifact
from rollbook.sdk.version import Version

Resolve = Callable[[str | Version], Version]
PREDICTIONS = "predictions"


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluation ready to be committed.

    Attributes:
        draft: Its parts and sealed metadata.
        links: Versions it belongs to.
        uses: The same versions, for lineage.
        aliases: Aliases to set.
        tags: Labels to put.
    """

    draft: Artifact
    links: tuple[Link, ...]
    uses: tuple[VersionFacts, ...]
    aliases: tuple[str, ...]
    tags: tuple[str, ...]


def build(  # noqa: PLR0913 - one keyword for each fact of an evaluation
    resolve: Resolve,
    key: Key,
    *,
    model: str | Version,
    dataset: str | Version,
    predictions: Any,
    roster: str | Version | None = None,
    name: str | None = None,
    student: str = "student",
    truth: str = "truth",
    columns: Mapping[str, str | None],
    protocol: EvaluationProtocol | Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    description: str = "",
    aliases: Sequence[str] = (),
    tags: Sequence[str] = (),
) -> Prepared:
    """Check predictions and make the draft of an evaluation.

    Args:
        resolve: From a reference to a version.
        key: Pseudonym key of the project: raw student ids never leave this process.
        model: The model version that predicted.
        dataset: The dataset version it predicted on.
        predictions: pandas, Polars or Arrow table, or the path of a CSV, Parquet or Arrow file.
        roster: Student attributes to group by, as a version.
        name: Collection; default `<model collection>-evaluation`.
        student: Column with the student's id; raw ids become pseudonyms, pseudonyms stay.
        truth: Column with what happened.
        columns: Other columns by role; None leaves a role to the column of that name, where there is one.
        protocol: How the predictions were made (`rollbook.model.evaluation.EvaluationProtocol`), sealed with them.
        metadata: Further creation metadata.
        description: Text.
        aliases: Aliases to set.
        tags: Labels to put.

    Raises:
        InvalidTable: A column is missing or holds values that it must not; rows and values are named.
        NotFound: A version does not exist.
        InvalidInput: The protocol contradicts itself, or a version has the wrong type.
    """
    linked = {"model": resolve(model), "dataset": resolve(dataset)}
    if roster is not None:
        linked["roster"] = resolve(roster)
    settled = protocol if isinstance(protocol, EvaluationProtocol) else _protocol(protocol or {})
    named: dict[str, Any] = {"student": student, "truth": truth, **columns}
    table = tables.conform(_frame(predictions), key=key, protocol=settled, **named)
    sealed = {
        "evaluation": {
            "model": str(linked["model"].digest),
            "dataset": str(linked["dataset"].digest),
            "protocol": settled.canonical(),
        }
    }
    draft = Artifact(
        name or f"{linked['model'].collection}-evaluation",
        "evaluation",
        {**_plain(metadata or {}), **sealed},
        description,
        data_class="pseudonymous",
    )
    draft.add(table, PREDICTIONS)
    return Prepared(
        draft=draft,
        links=tuple(
            Link(relation, version.facts.project, version.collection, version.digest)
            for relation, version in linked.items()
        ),
        uses=tuple(version.facts for version in linked.values()),
        aliases=tuple(aliases),
        tags=tuple(tags),
    )


def roster(frame: Any, key: Key, *, name: str, student: str, attributes: Sequence[str] | None) -> Artifact:
    """The draft of a roster: one table of pseudonyms and attributes."""
    table = tables.conform_roster(_frame(frame), key=key, student=student, attributes=attributes)
    draft = Artifact(name, "roster", data_class="pseudonymous")
    draft.add(table, "roster")
    return draft


def _plain(metadata: Mapping[str, Any]) -> dict[str, JSON]:
    plain = to_json(metadata, "metadata")
    assert isinstance(plain, dict)
    if "evaluation" in plain:
        raise InvalidInput("metadata has the key 'evaluation', which Rollbook seals itself", hint="rename it")
    return plain


def _protocol(given: Mapping[str, Any]) -> EvaluationProtocol:
    known = set(EvaluationProtocol.__struct_fields__)
    unknown = sorted(set(given) - known)
    if unknown:
        raise InvalidInput(f"protocol has no {unknown[0]!r}", hint=f"it has {', '.join(sorted(known))}")
    return EvaluationProtocol(**given)


def _frame(frame: Any) -> Any:
    if isinstance(frame, str | Path):
        path = Path(frame)
        return tables.read_table(path, path.name)
    return tables.to_arrow(frame)
