"""The space of a register on a server."""

from __future__ import annotations

from collections.abc import Sequence

from rollbook.model.errors import InvalidInput
from rollbook.model.facts import VersionFacts
from rollbook.model.space import (
    CollectDocument,
    Collected,
    Deletion,
    DeletionDocument,
    JobFacts,
    RetentionDocument,
    RetentionPreview,
    RetentionRule,
    RetentionSetting,
    UsageReport,
)
from rollbook.sdk.remote.client import Client
from rollbook.sdk.remote.places import Places


class RemoteSpace:
    """Implements `rollbook.sdk.space.Space` by requests."""

    def __init__(self, client: Client, places: Places) -> None:
        self._client = client
        self._places = places

    def usage(self, project: str = "", collection: str = "") -> UsageReport:
        """See `Space.usage`."""
        if not project:
            return self._client.get(f"/usage/{self._places.organisation}", UsageReport)
        return self._client.get(self._at(project, "/usage"), UsageReport, collection=collection)

    def delete(self, reference: str, project: str, *, reason: str = "") -> Deletion:
        """See `Space.delete`."""
        document = DeletionDocument(reference=reference, reason=reason)
        return self._client.send("POST", self._at(project, "/deletions"), Deletion, document)

    def undelete(self, reference: str, project: str, *, reason: str = "") -> VersionFacts:
        """See `Space.undelete`."""
        document = DeletionDocument(reference=reference, reason=reason)
        return self._client.send("POST", self._at(project, "/undeletions"), VersionFacts, document)

    def deleted(self, project: str) -> Sequence[Deletion]:
        """See `Space.deleted`."""
        return self._client.get(self._at(project, "/deletions"), list[Deletion])

    def retention(self, project: str) -> Sequence[RetentionSetting]:
        """See `Space.retention`."""
        return self._client.get(self._at(project, "/retention"), list[RetentionSetting])

    def set_retention(
        self, project: str, rule: RetentionRule | None, *, collection: str = "", reason: str = ""
    ) -> RetentionSetting:
        """See `Space.set_retention`."""
        document = RetentionDocument(rule=rule, collection=collection, reason=reason)
        return self._client.send("POST", self._at(project, "/retention"), RetentionSetting, document)

    def apply_retention(self, project: str, *, preview: bool = True) -> RetentionPreview:
        """See `Space.apply_retention`."""
        if preview:
            return self._client.get(self._at(project, "/retention/preview"), RetentionPreview)
        return self._client.send("POST", self._at(project, "/retention/run"), RetentionPreview)

    def collect(self, *, preview: bool = True, eager: bool = False) -> Collected:
        """See `Space.collect`.

        Raises:
            InvalidInput: `eager` was asked for: a server is never sure that nobody else is at work.
        """
        if eager:
            raise InvalidInput("a server collects with patience only", hint="leave --eager out")
        document = CollectDocument(preview=preview)
        return self._client.send("POST", f"/collect/{self._places.organisation}", Collected, document)

    def jobs(self) -> Sequence[JobFacts]:
        """See `Space.jobs`."""
        return self._client.get(f"/jobs/{self._places.organisation}", list[JobFacts])

    def run_job(self, kind: str) -> JobFacts:
        """See `Space.run_job`."""
        return self._client.send("POST", f"/jobs/{self._places.organisation}/{kind}", JobFacts)

    def _at(self, project: str, below: str) -> str:
        return self._places.path(project) + below
