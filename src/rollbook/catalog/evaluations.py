"""Evaluations: versions that hold per-student predictions and truths, with the protocol under which they were made."""

from __future__ import annotations

from sqlalchemy import Connection, select

from rollbook.catalog import lineage
from rollbook.catalog.dialect import insert_unless_present
from rollbook.catalog.execution import builder, every, first, scope
from rollbook.catalog.rows import EvaluationRow, VersionRow
from rollbook.catalog.schema import evaluations, version_links
from rollbook.model.errors import NotFound

_evaluation = builder(EvaluationRow)


def record(connection: Connection, version: VersionRow, protocol: str, *, at: int) -> EvaluationRow:
    """Record that a version is an evaluation, under a protocol (canonical JSON); the first time counts.

    What it evaluates is recorded by `lineage.link` with the relations `model`, `dataset` and `roster`.
    """
    insert_unless_present(
        connection, evaluations, scope(version) | {"version": version.key, "protocol": protocol, "at": at}
    )
    return get(connection, version)


def get(connection: Connection, version: VersionRow) -> EvaluationRow:
    """The evaluation that a version is.

    Raises:
        NotFound: It is not an evaluation.
    """
    found = first(connection, select(evaluations).where(evaluations.c.version == version.key), _evaluation)
    if found is None:
        raise NotFound(
            f"{version.digest} is a {version.type}, not an evaluation", hint="make one with 'rollbook evaluate'"
        )
    return found


def of_model(connection: Connection, model: VersionRow) -> tuple[EvaluationRow, ...]:
    """The evaluations of a model version, in the order in which they were recorded."""
    query = (
        select(evaluations)
        .join(version_links, version_links.c.source == evaluations.c.version)
        .where(version_links.c.target == model.key, version_links.c.relation == lineage.MODEL)
        .order_by(evaluations.c.key)
    )
    return every(connection, query, _evaluation)
