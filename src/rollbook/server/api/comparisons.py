"""Comparisons and differences, computed where the data is."""

from __future__ import annotations

from starlette.responses import Response

from rollbook.model.results import Comparison, Exploration, VersionDiff
from rollbook.model.wire import CompareDocument, DiffDocument, ExploreDocument
from rollbook.server.api.paths import PROJECT
from rollbook.server.routes import Call, Routes
from rollbook.server.streaming import answer_long

routes = Routes("comparisons")


@routes.add("POST", PROJECT + "/compare", needs="aggregate.read", takes=CompareDocument, gives=Comparison)
def compare_versions(call: Call) -> Response:
    """Compare models or evaluations, overall and per group. With `Accept: application/x-ndjson` as a stream."""
    from rollbook.app import comparison

    asked: CompareDocument = call.body
    return answer_long(
        call, lambda _progress: comparison.compare(call.register, asked.references, call.project, asked.plan)
    )


@routes.add("POST", PROJECT + "/explore", needs="rows.read", takes=ExploreDocument, gives=Exploration)
def explore_versions(call: Call) -> Response:
    """How versions do on any set of students. With `Accept: application/x-ndjson` as a stream."""
    from rollbook.app import exploration

    asked: ExploreDocument = call.body
    return answer_long(
        call,
        lambda _progress: exploration.explore(
            call.register,
            asked.references,
            call.project,
            where=asked.where,
            metrics=asked.metrics,
            attributes=asked.attributes,
        ),
    )


@routes.add("POST", PROJECT + "/diff", needs="rows.read", takes=DiffDocument, gives=VersionDiff)
def diff_versions(call: Call) -> Response:
    """Everything that differs between two versions. With `Accept: application/x-ndjson` as a stream."""
    from rollbook.app import diff

    asked: DiffDocument = call.body
    return answer_long(
        call, lambda _progress: diff.diff(call.register, asked.old, asked.new, call.project, key=asked.key)
    )
