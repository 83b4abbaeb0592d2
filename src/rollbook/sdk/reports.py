"""What the SDK asks of a register about kept reports, sealed plans and ledgers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from rollbook.model.facts import VersionFacts
from rollbook.model.ledger import Ledger, Recomputed
from rollbook.model.results import KeptReport


class Reports(Protocol):
    """The discipline of a register, on behalf of one actor."""

    def seal(self, name: str, dataset: str, plan: Mapping[str, Any], project: str) -> VersionFacts:
        """Seal what will be asked of a dataset, as a version."""
        ...

    def read(self, reference: str, project: str) -> KeptReport:
        """A report that was kept."""
        ...

    def recompute(self, reference: str, project: str) -> Recomputed:
        """A kept report computed again, and where it differs."""
        ...

    def ledger(self, reference: str, project: str) -> Ledger:
        """Every look at an evaluation dataset, the newest first."""
        ...
