"""Compare: which version is better, for whom, and is it real? Finds evaluations, joins rosters, asks `compare`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from rollbook.app import evaluations, selection
from rollbook.app.evaluations import Found
from rollbook.app.register import Register
from rollbook.compare import ComparisonPlan, EvaluationData
from rollbook.compare import compare as compare_
from rollbook.model.canonical import JSON
from rollbook.model.errors import InvalidInput
from rollbook.model.permission import Resource, may
from rollbook.model.results import Comparison

MAX_MODELS = 1000
_OPTIONS = {"by", "metrics", "reference", "where", "level", "n_boot", "seed", "rows", "correction"}
_COLUMNS = ("row", "student", "truth", "score", "prediction", "weight")
_DEFAULT_METRICS = {"binary": ("auc", "f1", "fpr"), "multiclass": ("accuracy",)}
_DEFAULT_NUMERIC = ("rmse", "mae", "bias")


def compare(register: Register, references: Sequence[str], project: str, options: Mapping[str, Any]) -> Comparison:
    """Compare models or evaluations, overall and per group.

    An educator with a scope gets figures of the students of that scope only, as if there were no others.

    Args:
        register: The register.
        references: Models or evaluations, at least one.
        project: Project at hand.
        options: `by` (attributes, or sequences of up to three to cross), `metrics`, `reference` (one of the
            references), `where` (attribute to the value that rows must have), `level`, `n_boot`, `seed`, `rows`,
            `correction`.

    Raises:
        NotFound: A version does not exist, or a model has no evaluation.
        UnlikeProtocols: The evaluations were made under different protocols or on different rows.
        JoinMismatch: A roster names other students.
        InvalidInput: An option, attribute or metric does not exist.
    """
    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        raise InvalidInput(f"unknown option {unknown[0]!r}", hint=f"one of {', '.join(sorted(_OPTIONS))}")
    if not 1 <= len(references) <= MAX_MODELS:
        raise InvalidInput(f"{len(references)} versions to compare", hint=f"name 1 to {MAX_MODELS}")
    with register.catalog.read() as connection:
        found = evaluations.find(register, connection, references, project)
    plan = _plan(register, found, references, options)
    chosen = dict(options.get("where") or {})
    data = [selection.where(item, chosen) for item in _load(register, found)]
    report = compare_(data, plan)
    body = report.to_dict()
    primary = report.tied_sets[0] if report.tied_sets else None
    return Comparison(
        models=tuple(item.facts() for item in found),
        plan=cast("dict[str, JSON]", body["plan"] | {"where": chosen} | _taught(register, found)),
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
    )


def _plan(
    register: Register, found: Sequence[Found], references: Sequence[str], options: Mapping[str, Any]
) -> ComparisonPlan:
    task = str(found[0].protocol.get("task", "binary"))
    given = {name: options[name] for name in ("level", "n_boot", "seed", "rows", "correction") if name in options}
    by = tuple((item,) if isinstance(item, str) else tuple(item) for item in options.get("by") or ())
    metrics = tuple(options.get("metrics") or ()) or _DEFAULT_METRICS.get(task, _DEFAULT_NUMERIC)
    wanted = options.get("reference")
    if wanted is not None and wanted not in references:
        raise InvalidInput(f"reference {wanted!r} is not compared", hint=f"one of {', '.join(references)}")
    label = found[list(references).index(wanted)].label if wanted is not None else None
    hide = not all(_sees_rows(register, item.evaluation.project_name) for item in found)
    return ComparisonPlan(metrics=metrics, by=by, reference=label, suppress=hide, **given)


def _sees_rows(register: Register, project: str) -> bool:
    """Whether the actor may see single students there, and so groups of any size."""
    return may(register.actor, "rows.read", Resource(register.actor.organisation, project))


def _load(register: Register, found: Sequence[Found]) -> list[EvaluationData]:
    rosters: dict[int, Any] = {}
    loaded: list[EvaluationData] = []
    for item in found:
        roster = item.roster
        if roster is not None and roster.version.key not in rosters:
            rosters[roster.version.key] = evaluations.load_table(register, roster)
        table = evaluations.load_table(register, item.evaluation)
        data = _data(item, table, rosters[roster.version.key] if roster else None)
        loaded.append(selection.taught(data, register.actor.segments_in(item.evaluation.project_name)))
    return loaded


def _taught(register: Register, found: Sequence[Found]) -> dict[str, list[str]]:
    """What the report says of the students that an educator's figures are limited to; nothing for everybody else."""
    limits = (register.actor.segments_in(item.evaluation.project_name) for item in found)
    taught = sorted({segment for limit in limits for segment in limit or ()})
    return {"students": taught} if taught else {}


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
