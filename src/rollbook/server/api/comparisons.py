"""Comparisons and differences, computed where the data is."""

from __future__ import annotations

from starlette.responses import Response

from rollbook.model.results import Comparison, VersionDiff
from rollbook.model.wire import CompareDocument, DiffDocument
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


@routes.add("POST", PROJECT + "/diff", needs="rows.read", takes=DiffDocument, gives=VersionDiff)
def diff_versions(call: Call) -> Response:
    """Everything that differs between two versions. With `Accept: application/x-ndjson` as a stream."""
    from rollbook.app import diff

    asked: DiffDocument = call.body
    return answer_long(
        call, lambda _progress: diff.diff(call.register, asked.old, asked.new, call.project, key=asked.key)
    )
