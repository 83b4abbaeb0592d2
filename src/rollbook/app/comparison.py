"""Compare: which version is better, for whom, and is it real? Finds evaluations, joins rosters, asks `compare`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from rollbook.app import evaluations, ledger, plans, selection
from rollbook.app.asked import Asked
from rollbook.app.evaluations import Found
from rollbook.app.plans import Sealed
from rollbook.app.register import Register
from rollbook.catalog import ledger as looks
from rollbook.compare import ComparisonPlan, EvaluationData
from rollbook.compare import compare as compare_
from rollbook.compare.noninferiority import not_worse
from rollbook.model.canonical import JSON
from rollbook.model.digest import Digest
from rollbook.model.errors import InvalidInput
from rollbook.model.permission import Resource, may
from rollbook.model.results import Comparison

MAX_MODELS = 1000
_COLUMNS = ("row", "student", "truth", "score", "prediction", "weight")
Limits = Mapping[str, tuple[str, ...] | None]
"""For each project, the segments of students that count there; None for all."""


def compare(register: Register, references: Sequence[str], project: str, options: Mapping[str, Any]) -> Comparison:
    """Compare models or evaluations, overall and per group, and enter the look into the dataset's ledger.

    An educator with a scope gets figures of the students of that scope only, as if there were no others.

    Args:
        register: The register.
        references: Models or evaluations, at least one.
        project: Project at hand.
        options: Those of `rollbook.app.asked.Asked`, and `plan`: a sealed plan, whose options hold where none is given.

    Raises:
        NotFound: A version does not exist, or a model has no evaluation.
        UnlikeProtocols: The evaluations were made under different protocols or on different rows.
        JoinMismatch: A roster names other students.
        InvalidInput: An option, attribute or metric does not exist.
        FinalOpened: The dataset answers one question only, and has answered another.
    """
    return ask(register, references, project, options)[0]


def ask(
    register: Register,
    references: Sequence[str],
    project: str,
    options: Mapping[str, Any],
    *,
    as_viewer: bool = False,
) -> tuple[Comparison, list[Found]]:
    """As `compare`, with what was found; `as_viewer` withholds small groups, whoever asks."""
    if not 1 <= len(references) <= MAX_MODELS:
        raise InvalidInput(f"{len(references)} versions to compare", hint=f"name 1 to {MAX_MODELS}")
    given = dict(options)
    named = given.pop("plan", None)
    with register.catalog.read() as connection:
        found = evaluations.find(register, connection, references, project)
        sealed = plans.opened(register, connection, named, project) if named else None
    asked = plans.merged(sealed, given).with_metrics(str(found[0].protocol.get("task", "binary")))
    against = _reference(asked, found, references)
    limits = _limits(register, found)
    hide = as_viewer or not all(_sees_rows(register, item.evaluation.project_name) for item in found)
    plan = plans.plan_of(asked, reference=against.label if against else None, suppress=hide)
    question = _question(asked, found, against, limits)
    with register.catalog.read() as connection:
        ledger.check(connection, ledger.dataset_of(found), question)
    report = computed(register, found, plan, asked, limits)
    return _stamped(register, report, found, asked, sealed, question), found


def computed(
    register: Register, found: Sequence[Found], plan: ComparisonPlan, asked: Asked, limits: Limits
) -> Comparison:
    """The numbers, from the bytes of the evaluations; nothing is entered anywhere."""
    data = [selection.where(item, asked.where) for item in _load(register, found, limits)]
    report = compare_(data, plan)
    body = report.to_dict()
    primary = report.tied_sets[0] if report.tied_sets else None
    told: dict[str, JSON] = {"where": cast(JSON, asked.where)}
    if asked.margins:
        told["margins"] = cast(JSON, asked.margins)
    return Comparison(
        models=tuple(item.facts() for item in found),
        plan=cast("dict[str, JSON]", body["plan"] | told | _taught(limits)),
        protocol=found[0].shared_protocol,
        n=report.n,
        n_students=report.n_students,
        metrics=report.metrics,
        rows=tuple(body["rows"]),
        gaps=tuple(body["gaps"]),
        pairwise=tuple(body["pairwise"]),
        tied_sets=tuple(body["tied_sets"]),
        best=(primary.best if primary else None) or "",
        tied=primary.members if primary else (),
        warnings=report.warnings,
        not_worse=not_worse(report.pairwise, asked.margins),
    )


def _stamped(
    register: Register,
    report: Comparison,
    found: Sequence[Found],
    asked: Asked,
    sealed: Sealed | None,
    question: Digest,
) -> Comparison:
    """The report with its place in the ledger, entered now where the question is new, and what it may claim."""
    look = ledger.enter(register, found, question, kind="compare", plan=sealed.version if sealed else None)
    dataset = ledger.dataset_of(found)
    with register.catalog.read() as connection:
        first = looks.first_look(connection, dataset.version.key) if dataset and look else None
    return msgspec.structs.replace(report, look=look, standing=plans.standing(sealed, asked, dataset, first))


def _question(asked: Asked, found: Sequence[Found], against: Found | None, limits: Limits) -> Digest:
    exact: dict[str, JSON] = {"reference": str(against.evaluation.version.digest) if against else None}
    return ledger.question_of(found, asked.document() | exact | _taught(limits))


def _reference(asked: Asked, found: Sequence[Found], references: Sequence[str]) -> Found | None:
    """The evaluation that all others are held against, named as it was asked for or by its label."""
    if asked.reference is None:
        return None
    for item, reference in zip(found, references, strict=True):
        if asked.reference in (reference, item.label):
            return item
    raise InvalidInput(f"reference {asked.reference!r} is not compared", hint=f"one of {', '.join(references)}")


def _sees_rows(register: Register, project: str) -> bool:
    """Whether the actor may see single students there, and so groups of any size."""
    return may(register.actor, "rows.read", Resource(register.actor.organisation, project))


def _load(register: Register, found: Sequence[Found], limits: Limits) -> list[EvaluationData]:
    rosters: dict[int, Any] = {}
    loaded: list[EvaluationData] = []
    for item in found:
        roster = item.roster
        if roster is not None and roster.version.key not in rosters:
            rosters[roster.version.key] = evaluations.load_table(register, roster)
        table = evaluations.load_table(register, item.evaluation)
        data = _data(item, table, rosters[roster.version.key] if roster else None)
        loaded.append(selection.taught(data, limits[item.evaluation.project_name]))
    return loaded


def _limits(register: Register, found: Sequence[Found]) -> Limits:
    names = {item.evaluation.project_name for item in found}
    return {name: register.actor.segments_in(name) for name in names}


def _taught(limits: Limits) -> dict[str, JSON]:
    """What the report says of the students that an educator's figures are limited to; nothing for everybody else."""
    taught = sorted({segment for limit in limits.values() for segment in limit or ()})
    return {"students": cast(JSON, taught)} if taught else {}


def _data(found: Found, table: Any, roster: Any | None) -> EvaluationData:
    wanted = [name for name in _COLUMNS if name in table.column_names]
    columns = {name: table.column(name).to_numpy(zero_copy_only=False) for name in wanted}
    threshold = found.protocol.get("threshold")
    protocol = {
        name: value for name, value in found.shared_protocol.items() if isinstance(value, str | int | float | bool)
    }
    return EvaluationData(
        label=found.label,
        row=columns["row"],
        student=columns["student"],
        truth=columns["truth"],
        score=columns.get("score"),
        prediction=columns.get("prediction"),
        threshold=float(threshold) if isinstance(threshold, int | float) else None,
        weight=columns.get("weight"),
        groups=evaluations.attributes(table, roster, found.evaluation.added_at),
        protocol=protocol,
    )
