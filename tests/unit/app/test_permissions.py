"""Every verb asks first: each role may do what the table says, and nothing else, through the verbs themselves."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import get_args

import pytest

from rollbook.app import (
    aliases,
    commits,
    comparison,
    diff,
    doctor,
    histories,
    keys,
    ledger,
    lineage,
    plans,
    reports,
    runs,
    verify,
    versions,
)
from rollbook.app.register import Register
from rollbook.model.digest import Digest
from rollbook.model.errors import Conflict, Forbidden, InvalidInput, NotFound
from rollbook.model.facts import NewRun, NewVersion, RunChanges
from rollbook.model.manifest import build
from rollbook.model.permission import GRANTS, Action, Role
from rollbook.model.wire import NewVersionDocument

Verb = Callable[[Register], object]
NO_VERSION = Digest.sha256(b"no version")
SENT = NewVersionDocument(collection="data", type="dataset", manifest=Digest("blake3", "0" * 64))


def _new(register: Register) -> object:
    return commits.commit(register, NewVersion(project="math", collection="data", type="dataset", manifest=build([])))


VERBS: dict[str, tuple[Action, Verb]] = {
    "commit": ("version.write", _new),
    "resolve": ("version.read", lambda r: versions.resolve(r, "data:v0", "math")),
    "list versions": ("version.read", lambda r: versions.list_versions(r, "math", "data")),
    "list collections": ("version.read", lambda r: versions.list_collections(r, "math")),
    "set alias": ("alias.move", lambda r: aliases.set_alias(r, "data:v0", "good", "math")),
    "promote": ("alias.promote", lambda r: aliases.set_alias(r, "data:v0", "best", "math", action="promote")),
    "roll back": ("alias.promote", lambda r: aliases.rollback(r, "data", "champion", "math")),
    "delete alias": ("alias.move", lambda r: aliases.delete_alias(r, "data", "champion", "math")),
    "alias history": ("version.read", lambda r: aliases.history(r, "data", "champion", "math")),
    "start run": ("run.write", lambda r: runs.start(r, NewRun(project="math"))),
    "update run": ("run.write", lambda r: runs.update(r, "nobody", "math", RunChanges())),
    "read run": ("run.read", lambda r: runs.get(r, "nobody", "math")),
    "list runs": ("run.read", lambda r: runs.list_runs(r, "math")),
    "heartbeat": ("run.write", lambda r: runs.heartbeat(r, "nobody", "math")),
    "history": ("run.read", lambda r: list(histories.read(r, "nobody", "math"))),
    "append history": ("run.write", lambda r: histories.append(r, "nobody", "math", 0, b"")),
    "count history": ("run.write", lambda r: histories.extent(r, "nobody", "math")),
    "statements": ("version.read", lambda r: versions.statements(r, NO_VERSION, "math")),
    "notes": ("version.read", lambda r: versions.note_history(r, NO_VERSION, "math")),
    "manifest": ("version.read", lambda r: versions.read_manifest(r, NO_VERSION, "math")),
    "prepare": ("version.write", lambda r: commits.prepare(r, SENT, "math")),
    "lineage": ("version.read", lambda r: lineage.lineage(r, "data:v0", "math")),
    "diff": ("rows.read", lambda r: diff.diff(r, "data:v0", "data:v0", "math")),
    "verify": ("store.verify", lambda r: verify.verify(r, None, "math")),
    "doctor": ("store.verify", doctor.doctor),
    "key": ("version.write", lambda r: keys.key_of(r, "math")),
    "keep a report": ("version.write", lambda r: reports.compare(r, ["data:v0"], "math", {}, save="report")),
    "read a report": ("aggregate.read", lambda r: reports.read(r, "data:v0", "math")),
    "recompute": ("version.read", lambda r: reports.recompute(r, "data:v0", "math")),
    "seal a plan": ("version.write", lambda r: plans.seal(r, "plan", "data:v0", {"metrics": ["auc"]}, "math")),
    "ledger": ("aggregate.read", lambda r: ledger.read(r, "data:v0", "math")),
    "compare": ("aggregate.read", lambda r: comparison.compare(r, ["data:v0"], "math", {})),
}
_ALSO_NEEDS: dict[str, Action] = {
    "diff": "version.read",
    "set alias": "version.read",
    "promote": "version.read",
    "keep a report": "aggregate.read",
    "seal a plan": "aggregate.read",
}


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize("name", VERBS)
def test_each_role_may_do_what_the_table_grants(
    commit: Callable[..., object], as_role: Callable[..., Register], name: str, role: Role
) -> None:
    commit("data", b"one", aliases=("champion",))
    needed, verb = VERBS[name]
    granted = {needed, _ALSO_NEEDS.get(name, needed)} <= GRANTS[role]

    def attempt() -> object:
        return verb(as_role(role))

    if not granted:
        with pytest.raises(Forbidden, match=role):
            attempt()
        return
    # Allowed, though it may be refused for another reason: there is no such run, nothing to undo.
    with suppress(Conflict, InvalidInput, NotFound):
        attempt()


@pytest.mark.parametrize("name", [name for name in VERBS if name != "doctor"])
def test_another_organisation_sees_nothing(
    register: Register, commit: Callable[..., object], as_role: Callable[..., Register], name: str
) -> None:
    commit("data", b"one", aliases=("champion",))
    stranger = as_role("owner", "elsewhere")
    before = versions.resolve(register, "data:v0", "math").digest
    try:
        found = VERBS[name][1](stranger)
    except (NotFound, Forbidden, InvalidInput):
        found = None
    assert str(before) not in repr(found)
    assert [version.digest for version in versions.list_versions(register, "math", "data").items] == [before]
