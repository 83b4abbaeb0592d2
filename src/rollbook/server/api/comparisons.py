"""Comparisons and differences, computed where the data is; reports, plans and ledgers."""

from __future__ import annotations

from starlette.responses import Response

from rollbook.model.facts import VersionFacts
from rollbook.model.ledger import Ledger, Recomputed, ReportDocument, SealDocument
from rollbook.model.results import Comparison, Exploration, KeptReport, VersionDiff
from rollbook.model.wire import CompareDocument, DiffDocument, ExploreDocument
from rollbook.server.api.paths import PROJECT
from rollbook.server.routes import Call, Routes
from rollbook.server.streaming import answer_long

routes = Routes("comparisons")


@routes.add("POST", PROJECT + "/compare", needs="aggregate.read", takes=CompareDocument, gives=Comparison)
def compare_versions(call: Call) -> Response:
    """Compare models or evaluations, overall and per group. With `Accept: application/x-ndjson` as a stream."""
    from rollbook.app import reports

    asked: CompareDocument = call.body
    return answer_long(
        call,
        lambda _progress: reports.compare(call.register, asked.references, call.project, asked.plan, save=asked.save),
    )


@routes.add("GET", PROJECT + "/report", needs="aggregate.read", gives=KeptReport)
def read_report(call: Call, reference: str) -> KeptReport:
    """A report that was kept, with its HTML page."""
    from rollbook.app import reports

    return reports.read(call.register, reference, call.project)


@routes.add("POST", PROJECT + "/recompute", needs="version.read", takes=ReportDocument, gives=Recomputed)
def recompute_report(call: Call) -> Response:
    """A kept report computed again, and where it differs. With `Accept: application/x-ndjson` as a stream."""
    from rollbook.app import reports

    asked: ReportDocument = call.body
    return answer_long(call, lambda _progress: reports.recompute(call.register, asked.reference, call.project))


@routes.add("POST", PROJECT + "/plans", needs="version.write", takes=SealDocument, gives=VersionFacts)
def seal_plan(call: Call) -> VersionFacts:
    """Seal what will be asked of a dataset, as a version."""
    from rollbook.app import plans

    asked: SealDocument = call.body
    return plans.seal(call.register, asked.name, asked.dataset, asked.plan, call.project)


@routes.add("GET", PROJECT + "/ledger", needs="aggregate.read", gives=Ledger)
def read_ledger(call: Call, reference: str) -> Ledger:
    """Every look at an evaluation dataset, the newest first."""
    from rollbook.app import ledger

    return ledger.read(call.register, reference, call.project)


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
