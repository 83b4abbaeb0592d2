"""What the SDK asks of a register about space: usage, deletions, retention, collection and jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rollbook.model.facts import VersionFacts
from rollbook.model.space import (
    Collected,
    Deletion,
    JobFacts,
    RetentionPreview,
    RetentionRule,
    RetentionSetting,
    UsageReport,
)


class Space(Protocol):
    """The space of a register, on behalf of one actor."""

    def usage(self, project: str = "", collection: str = "") -> UsageReport:
        """Space of all projects, of a project and its collections, or of a collection and its versions."""
        ...

    def delete(self, reference: str, project: str, *, reason: str = "") -> Deletion:
        """Delete a version; it can be brought back for 30 days."""
        ...

    def undelete(self, reference: str, project: str, *, reason: str = "") -> VersionFacts:
        """Bring a deleted version back under its number."""
        ...

    def deleted(self, project: str) -> Sequence[Deletion]:
        """Deleted versions of a project, the newest first."""
        ...

    def retention(self, project: str) -> Sequence[RetentionSetting]:
        """Every retention rule that was ever set in a project, the newest first."""
        ...

    def set_retention(
        self, project: str, rule: RetentionRule | None, *, collection: str = "", reason: str = ""
    ) -> RetentionSetting:
        """Set the rule of a collection, or of a project; None takes it away."""
        ...

    def apply_retention(self, project: str, *, preview: bool = True) -> RetentionPreview:
        """Delete what the rules no longer keep, or only say what that would be."""
        ...

    def collect(self, *, preview: bool = True, eager: bool = False) -> Collected:
        """Free bytes that no version needs, or only say which these would be."""
        ...

    def jobs(self) -> Sequence[JobFacts]:
        """Housekeeping: when each job ran and is due."""
        ...

    def run_job(self, kind: str) -> JobFacts:
        """Run a job now."""
        ...
