"""Space: usage, deletions, retention rules, collection and jobs."""

from __future__ import annotations

from rollbook.app import collect, deletion, jobs, retention, space
from rollbook.model.facts import VersionFacts
from rollbook.model.space import (
    CollectDocument,
    Collected,
    Deletion,
    DeletionDocument,
    JobFacts,
    RetentionDocument,
    RetentionPreview,
    RetentionSetting,
    UsageReport,
)
from rollbook.server.api.paths import PROJECT
from rollbook.server.routes import Call, Routes

routes = Routes("space")


@routes.add("GET", "/usage/{entity}", needs="space.read", gives=UsageReport)
def measure_projects(call: Call) -> UsageReport:
    """Space of every project of the organisation, the largest first."""
    return space.of_projects(call.register)


@routes.add("GET", PROJECT + "/usage", needs="space.read", gives=UsageReport)
def measure_project(call: Call, collection: str = "") -> UsageReport:
    """Space of the project and its collections, or of one collection and its versions."""
    if collection:
        return space.of_collection(call.register, call.project, collection)
    return space.of_project(call.register, call.project)


@routes.add("GET", PROJECT + "/deletions", needs="version.read", gives=list[Deletion])
def list_deletions(call: Call) -> list[Deletion]:
    """Deleted versions, the newest first."""
    return deletion.list_deleted(call.register, call.project)


@routes.add("POST", PROJECT + "/deletions", needs="version.delete", takes=DeletionDocument, gives=Deletion)
def delete_version(call: Call) -> Deletion:
    """Delete a version; it can be brought back for 30 days."""
    wanted: DeletionDocument = call.body
    return call.once(lambda register: deletion.delete(register, wanted.reference, call.project, reason=wanted.reason))


@routes.add("POST", PROJECT + "/undeletions", needs="version.delete", takes=DeletionDocument, gives=VersionFacts)
def undelete_version(call: Call) -> VersionFacts:
    """Bring a deleted version back under its number."""
    wanted: DeletionDocument = call.body
    return call.once(lambda register: deletion.undelete(register, wanted.reference, call.project, reason=wanted.reason))


@routes.add("GET", PROJECT + "/retention", needs="space.read", gives=list[RetentionSetting])
def list_retention(call: Call) -> list[RetentionSetting]:
    """Every retention rule that was ever set, the newest first."""
    return retention.history(call.register, call.project)


@routes.add("POST", PROJECT + "/retention", needs="retention.write", takes=RetentionDocument, gives=RetentionSetting)
def set_retention(call: Call) -> RetentionSetting:
    """Set the rule of a collection, or of the project."""
    wanted: RetentionDocument = call.body
    return call.once(
        lambda register: retention.put(
            register, call.project, wanted.rule, collection=wanted.collection, reason=wanted.reason
        )
    )


@routes.add("GET", PROJECT + "/retention/preview", needs="space.read", gives=RetentionPreview)
def preview_retention(call: Call) -> RetentionPreview:
    """What the rules would delete now, and why everything else stays."""
    return retention.preview(call.register, call.project)


@routes.add("POST", PROJECT + "/retention/run", needs="retention.write", gives=RetentionPreview)
def run_retention(call: Call) -> RetentionPreview:
    """Delete what the rules no longer keep. Doing it again deletes nothing more."""
    return retention.apply(call.register, call.project)


@routes.add("POST", "/collect/{entity}", needs="space.collect", takes=CollectDocument, gives=Collected)
def collect_space(call: Call) -> Collected:
    """Free bytes that no version of any organisation needs, or say which these would be."""
    wanted: CollectDocument = call.body
    return collect.collect(call.register, preview=wanted.preview)


@routes.add("GET", "/jobs/{entity}", needs="space.read", gives=list[JobFacts])
def list_jobs(call: Call) -> list[JobFacts]:
    """The server's housekeeping: when each job ran and is due."""
    return jobs.list_jobs(call.register)


@routes.add("POST", "/jobs/{entity}/{kind}", needs="space.collect", gives=JobFacts)
def run_job(call: Call, kind: str) -> JobFacts:
    """Run a job now."""
    return jobs.run_now(call.register, kind, f"{call.register.actor.name} by hand")
