"""What `--json` answers: the keys of each command's document. Keys are append-only: scripts read them.

Names in capitals are objects; `OBJECTS` tells their fields. A test holds both to what the commands write.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from rollbook.model import facts, manifest, moving, people, results, space
from rollbook.model.query import answers

_MADE = {"created": "whether nothing with this digest was logged before", "version": "VERSION"}
_MOVED = {"move": "MOVE"}
_NOTED = {"version": "VERSION, as it is known now"}

ANSWERS: Mapping[str, Mapping[str, str]] = {
    "init": {"data_dir": "the data directory", "created": "whether it is new"},
    "demo": {"data_dir": "the data directory it leaves"},
    "doctor": {"ok": "whether no check failed", "checks": "list of CHECK"},
    "log": _MADE,
    "evaluate": _MADE,
    "pseudonymise": {
        "file": "the copy",
        "rows": "how many",
        "suspicious_columns": "list of column and why it may identify students",
    },
    "tag": _NOTED,
    "describe": _NOTED,
    "ls": {
        "collections": "list of name, type, newest, updated_at",
        "versions": "with COLLECTION: list of VERSION, newest first",
        "runs": "with --runs: list of RUN without environment and code, newest first",
        "projects": "with --projects: list of names",
    },
    "search": {
        "query": "the query in its one spelling",
        "target": "versions or runs",
        "sort": "the order",
        "versions": "list of VERSION",
        "runs": "with --runs: list of RUN without environment and code",
        "columns": "fields of --column",
        "cells": "per hit, the value of each column; null where there is none, a list where there are several",
        "next": "what to pass as --after for the next page, or empty",
        "complete": "whether nothing follows and nothing was left out",
        "warnings": "list of texts: keys that nothing has, values that were not searched",
        "fields": "with --fields: list of FIELD",
        "rebuilt": "with --rebuild: how many versions and runs were read",
    },
    "view save": {"view": "VIEW"},
    "view ls": {"views": "list of VIEW, oldest first"},
    "view show": {"view": "VIEW"},
    "view rm": {"view": "VIEW, as it was"},
    "show": {
        "version": "VERSION",
        "files": "list of FILE",
        "notes": "list of kind, value, actor, added_at, removed_at, removed_by, oldest first",
        "links": "LINEAGE of one step",
        "run": "of a run: RUN",
        "used": "of a run: list of references",
        "produced": "of a run: list of references",
        "rows": "with --rows: one object per step, with _step and _time (UTC microseconds)",
    },
    "get": {"version": "VERSION", "folder": "where the files are", "files": "list of paths below it"},
    "diff": {"diff": "DIFF"},
    "lineage": {"lineage": "LINEAGE"},
    "provenance": {"version": "VERSION", "statements": "list of digest and statement"},
    "compare": {"COMPARISON": "its fields", "digest": "SHA-256 of the report's canonical bytes"},
    "explore": {"EXPLORATION": "its fields"},
    "promote": _MOVED,
    "rollback": _MOVED,
    "alias": _MOVED,
    "history": {"collection": "project/name", "moves": "list of MOVE, oldest first"},
    "backup": {"folder": "the folder", "backup": "BACKUP"},
    "restore": {"ok": "whether nothing is damaged or missing", "moved": "MOVED"},
    "migrate": {"ok": "whether nothing is damaged or missing", "moved": "MOVED"},
    "verify": {"ok": "whether nothing is damaged or missing", "verification": "VERIFICATION"},
    "usage": {
        "usage": "list of USAGE: the whole first, then its parts, the largest first",
        "at": "when it was computed",
        "complete": "whether all parts are listed",
    },
    "delete": {"deletion": "DELETION"},
    "undelete": {"version": "VERSION"},
    "deleted": {"deletions": "list of DELETION, newest first"},
    "retention keep": {"retention": "RETENTION"},
    "retention rm": {"retention": "RETENTION; its rule is null"},
    "retention ls": {"retention": "list of RETENTION, newest first"},
    "retention preview": {"retention": "applied (false) and versions: list of KEPT"},
    "retention run": {"retention": "applied (true) and versions: list of KEPT"},
    "gc": {"collection": "COLLECTED"},
    "jobs ls": {"jobs": "list of JOB, by kind"},
    "jobs run": {"job": "JOB"},
    "serve": {
        "address": "where the server is reached, written once it answers",
        "host": "address it listens on",
        "port": "port it listens on",
        "data_dir": "its data directory",
        "process": "its process id",
        "setup_file": "file with the one-time token for the first administrator, or null",
    },
    "login": {
        "server": "address of the server",
        "name": "who the key belongs to; empty with --forget",
        "kept_in": "the file of keys",
    },
    "sync": {"sent": "runs whose rows the server has now", "waiting": "runs whose rows still wait"},
    "whoami": {"viewer": "VIEWER"},
    "user add": {"user": "USER"},
    "user ls": {"users": "list of USER, by name"},
    "user password": {"user": "USER"},
    "user disable": {"user": "USER"},
    "user enable": {"user": "USER"},
    "org add": {"organisation": "ORGANISATION"},
    "org ls": {"organisations": "list of ORGANISATION, by name"},
    "team add": {"team": "TEAM"},
    "team ls": {"teams": "list of TEAM, by name"},
    "member add": {"member": "MEMBER"},
    "member remove": {"members": "list of MEMBER that were taken away"},
    "member ls": {"members": "list of MEMBER, in the order in which they were added"},
    "key add": {"secret": "the key, shown this once; empty where it was imported", "key": "KEY"},
    "key ls": {"keys": "list of KEY, in the order in which they were made"},
    "key revoke": {"key": "KEY"},
}


def _fields(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(struct.__struct_fields__)


OBJECTS: Mapping[str, tuple[str, ...]] = {
    "VERSION": ("reference", *_fields(facts.VersionFacts)),
    "RUN": _fields(facts.RunFacts),
    "FILE": _fields(manifest.Entry),
    "MOVE": _fields(facts.AliasMove),
    "LINEAGE": _fields(facts.Lineage),
    "NODE": _fields(facts.Node),
    "EDGE": _fields(facts.Edge),
    "DIFF": _fields(results.VersionDiff),
    "DIFF.files": _fields(results.FileChange),
    "DIFF.tables": _fields(results.TableChange),
    "DIFF.metadata": _fields(results.MetadataChange),
    "FIELD": _fields(answers.SearchField),
    "VIEW": _fields(answers.SavedView),
    "VERIFICATION": _fields(results.Verification),
    "FAULT": _fields(results.Fault),
    "CHECK": _fields(results.Check),
    "USAGE": (*_fields(space.Usage), "shared_bytes"),
    "DELETION": _fields(space.Deletion),
    "RETENTION": _fields(space.RetentionSetting),
    "RETENTION.rule": _fields(space.RetentionRule),
    "KEPT": _fields(space.Kept),
    "COLLECTED": _fields(space.Collected),
    "COLLECTED.verdicts": _fields(space.PackVerdict),
    "JOB": _fields(space.JobFacts),
    "BACKUP": _fields(moving.Backup),
    "MOVED": _fields(moving.Moved),
    "VIEWER": _fields(people.Viewer),
    "VIEWER.entities": _fields(people.Entity),
    "USER": _fields(people.UserFacts),
    "ORGANISATION": _fields(people.OrganisationFacts),
    "TEAM": _fields(people.TeamFacts),
    "MEMBER": _fields(people.MemberFacts),
    "KEY": _fields(people.KeyFacts),
    "COMPARISON": _fields(results.Comparison),
    "COMPARISON.models": _fields(results.ComparedModel),
    "EXPLORATION": _fields(results.Exploration),
    "EXPLORATION.rows": _fields(results.ExploredMetric),
}
