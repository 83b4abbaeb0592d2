"""Kept reports, sealed plans and ledgers on a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rollbook.model.facts import VersionFacts
from rollbook.model.ledger import Ledger, Recomputed, ReportDocument, SealDocument
from rollbook.model.results import KeptReport
from rollbook.sdk.remote.client import Client
from rollbook.sdk.remote.places import Places


class RemoteReports:
    """Implements `rollbook.sdk.reports.Reports` by requests; `long` waits for what may take long."""

    def __init__(self, client: Client, places: Places, long: Callable[..., Any]) -> None:
        self._client = client
        self._places = places
        self._long = long

    def seal(self, name: str, dataset: str, plan: Mapping[str, Any], project: str) -> VersionFacts:
        """See `Reports.seal`."""
        document = SealDocument(name=name, dataset=dataset, plan=dict(plan))
        return self._client.send("POST", self._at(project, "/plans"), VersionFacts, document)

    def read(self, reference: str, project: str) -> KeptReport:
        """See `Reports.read`."""
        return self._client.get(self._at(project, "/report"), KeptReport, reference=reference)

    def recompute(self, reference: str, project: str) -> Recomputed:
        """See `Reports.recompute`."""
        found: Recomputed = self._long(self._at(project, "/recompute"), Recomputed, ReportDocument(reference=reference))
        return found

    def ledger(self, reference: str, project: str) -> Ledger:
        """See `Reports.ledger`."""
        return self._client.get(self._at(project, "/ledger"), Ledger, reference=reference)

    def _at(self, project: str, below: str) -> str:
        return self._places.path(project) + below
