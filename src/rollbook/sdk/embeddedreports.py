"""Kept reports, sealed plans and ledgers of a data directory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rollbook.app.register import Register
from rollbook.model.extras import needs_extra
from rollbook.model.facts import VersionFacts
from rollbook.model.ledger import Ledger, Recomputed
from rollbook.model.results import KeptReport


class EmbeddedReports:
    """Implements `rollbook.sdk.reports.Reports` on an open register."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def seal(self, name: str, dataset: str, plan: Mapping[str, Any], project: str) -> VersionFacts:
        """See `Reports.seal`."""
        with needs_extra("compare"):
            from rollbook.app import plans

        return plans.seal(self._register, name, dataset, plan, project)

    def read(self, reference: str, project: str) -> KeptReport:
        """See `Reports.read`."""
        with needs_extra("compare"):
            from rollbook.app import reports

        return reports.read(self._register, reference, project)

    def recompute(self, reference: str, project: str) -> Recomputed:
        """See `Reports.recompute`."""
        with needs_extra("compare"):
            from rollbook.app import reports

        return reports.recompute(self._register, reference, project)

    def ledger(self, reference: str, project: str) -> Ledger:
        """See `Reports.ledger`."""
        with needs_extra("compare"):
            from rollbook.app import ledger

        return ledger.read(self._register, reference, project)
