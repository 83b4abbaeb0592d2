"""The space of a data directory."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rollbook.app import collect, deletion, jobs, retention, space
from rollbook.app.register import Register
from rollbook.model.facts import VersionFacts
from rollbook.model.space import (
    EAGER,
    Collected,
    Deletion,
    JobFacts,
    RetentionPreview,
    RetentionRule,
    RetentionSetting,
    UsageReport,
)


class EmbeddedSpace:
    """Implements `rollbook.sdk.space.Space` on an open register."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def usage(self, project: str = "", collection: str = "") -> UsageReport:
        """See `Space.usage`."""
        if collection:
            return space.of_collection(self._register, project, collection)
        return space.of_project(self._register, project) if project else space.of_projects(self._register)

    def delete(self, reference: str, project: str, *, reason: str = "") -> Deletion:
        """See `Space.delete`."""
        return deletion.delete(self._register, reference, project, reason=reason)

    def undelete(self, reference: str, project: str, *, reason: str = "") -> VersionFacts:
        """See `Space.undelete`."""
        return deletion.undelete(self._register, reference, project, reason=reason)

    def deleted(self, project: str) -> Sequence[Deletion]:
        """See `Space.deleted`."""
        return deletion.list_deleted(self._register, project)

    def retention(self, project: str) -> Sequence[RetentionSetting]:
        """See `Space.retention`."""
        return retention.history(self._register, project)

    def set_retention(
        self, project: str, rule: RetentionRule | None, *, collection: str = "", reason: str = ""
    ) -> RetentionSetting:
        """See `Space.set_retention`."""
        return retention.put(self._register, project, rule, collection=collection, reason=reason)

    def apply_retention(self, project: str, *, preview: bool = True) -> RetentionPreview:
        """See `Space.apply_retention`."""
        return retention.preview(self._register, project) if preview else retention.apply(self._register, project)

    def collect(self, *, preview: bool = True, eager: bool = False) -> Collected:
        """See `Space.collect`."""
        return collect.collect(self._register, EAGER if eager else None, preview=preview)

    def jobs(self) -> Sequence[JobFacts]:
        """See `Space.jobs`."""
        return jobs.list_jobs(self._register)

    def run_job(self, kind: str) -> JobFacts:
        """See `Space.run_job`."""
        return jobs.run_now(self._register, kind, f"{self._register.actor.name} {os.getpid()}")
