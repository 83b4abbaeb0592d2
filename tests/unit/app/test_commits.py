"""Commits through the verbs: what stands in the catalog afterwards, and what a refusal leaves."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from rollbook.app import aliases, commits, histories, lineage, runs, verify, versions
from rollbook.app.register import Register
from rollbook.catalog import audit, projects
from rollbook.model.digest import Digest
from rollbook.model.errors import Conflict, InvalidInput, InvalidName, NotFound
from rollbook.model.facts import Committed, Link, NewRun, NewVersion, Origin, RunChanges
from rollbook.model.manifest import build, file_entry
from rollbook.model.wire import UseDocument

Commit = Callable[..., Committed]


def _audit(register: Register) -> list[dict[str, object]]:
    with register.catalog.read() as connection:
        organisation = projects.get_organisation(connection, "local")
        items = audit.list_page(connection, organisation, limit=1000).items[::-1]
    return [json.loads(item.entry) for item in items]


def test_a_version_cannot_name_bytes_that_are_not_stored(register: Register) -> None:
    missing = file_entry("ghost.bin", Digest("blake3", "ab" * 32), 3)
    with pytest.raises(InvalidInput, match=r"ghost\.bin"):
        commits.commit(
            register, NewVersion(project="math", collection="data", type="dataset", manifest=build([missing]))
        )
    with pytest.raises(NotFound):
        versions.resolve(register, "data:v0", "math")


def test_every_alias_move_has_exactly_one_audit_entry(register: Register, commit: Commit) -> None:
    commit("data", b"one", aliases=("champion",))
    commit("data", b"two")
    aliases.set_alias(register, "data:v1", "champion", "math", reason="better", action="promote")
    aliases.set_alias(register, "data:v1", "champion", "math", reason="again")
    aliases.rollback(register, "data", "champion", "math", reason="worse")
    aliases.delete_alias(register, "data", "champion", "math")
    moves = [entry for entry in _audit(register) if str(entry["action"]).startswith("alias.")]
    history = aliases.history(register, "data", "champion", "math").items[::-1]
    assert [entry["action"] for entry in moves] == [f"alias.{move.action}" for move in history]
    assert [move.action for move in history] == ["set", "promote", "rollback", "delete"]
    assert [(move.from_number, move.to_number) for move in history] == [(None, 0), (0, 1), (1, 0), (0, None)]


def test_a_refused_commit_leaves_no_audit_entry_and_no_collection(register: Register, commit: Commit) -> None:
    commit("data", b"one")
    before = _audit(register)
    for attempt in (
        lambda: commit("data", b"two", kind="model"),
        lambda: commit("data", b"two", stated_number=5),
        lambda: commit("data", b"two", aliases=("latest",)),
        lambda: commit("data", b"two", tags=("checked:fair",)),
        lambda: commit("new", b"two", links=(Link("model", "math", "data", Digest("sha256", "cd" * 32)),)),
    ):
        with pytest.raises((Conflict, InvalidName, NotFound)):
            attempt()
    assert _audit(register) == before
    assert [item.name for item in versions.list_collections(register, "math").items] == ["data"]


def test_one_version_in_two_collections_is_stored_once(register: Register, commit: Commit) -> None:
    first, second = commit("data", b"one"), commit("copy", b"one")
    assert first.created
    assert second.created
    assert first.version.digest == second.version.digest
    assert (second.version.collection, second.version.number) == ("copy", 0)
    aliases.set_alias(register, "copy:v0", "good", "math")
    assert versions.resolve(register, "copy:good", "math").collection == "copy"
    assert versions.resolve(register, "data:v0", "math").aliases == ("latest",)


def test_a_link_leads_across_projects(register: Register, commit: Commit) -> None:
    model = commit("tutor", b"weights", kind="model", project="models").version
    link = Link("model", "models", "tutor", model.digest)
    commit("eval", b"rows", kind="evaluation", project="math", links=(link,))
    graph = lineage.lineage(register, "eval:v0", "math", down=False)
    assert "models/tutor:v0" in {node.name for node in graph.nodes}


def test_what_a_run_made_is_no_input_of_it(register: Register, commit: Commit) -> None:
    run = runs.start(register, NewRun(project="math"))
    made = commit("data", b"one", origin=Origin(run=run.id)).version
    runs.use(register, run.id, "math", UseDocument(version=made.digest, collection="data", reference="data:v0"))
    assert runs.edges(register, run.id, "math") == {"used": [], "produced": ["data:v0"]}


def test_a_silent_run_is_seen_to_have_crashed(register: Register) -> None:
    run = runs.start(register, NewRun(project="math"))
    assert runs.get(register, run.id, "math").state == "running"
    later = run.started_at + runs.SILENT_AFTER + 1_000_000
    object.__setattr__(register, "clock", lambda: later)
    assert runs.get(register, run.id, "math").state == "crashed"
    assert [item.id for item in runs.list_runs(register, "math", state="crashed").items] == [run.id]
    runs.heartbeat(register, run.id, "math")
    assert runs.get(register, run.id, "math").state == "running"


def test_verify_finds_a_history_that_was_cut_at_a_rows_border(register: Register) -> None:
    run = runs.start(register, NewRun(project="math"))
    journal = histories.open_log(register, run)
    path = histories.journal_path(register, run.id)
    journal.append({"loss": 1.0}, time_us=1)
    journal.sync()
    whole = path.stat().st_size
    journal.append({"loss": 0.5}, time_us=2)
    journal.close()
    runs.update(register, run.id, "math", RunChanges(state="finished", rows=2))
    assert verify.verify(register, None, "math").ok
    with path.open("r+b") as stream:
        stream.truncate(whole)
    found = verify.verify(register, None, "math")
    assert [fault.finding for fault in found.faults] == ["damaged"]
    assert "1 rows, but 2 were logged" in found.faults[0].message


def test_verify_finds_a_seal_that_was_changed_in_the_database(register: Register, commit: Commit) -> None:
    commit("data", b"one")
    with register.catalog.write() as connection:
        connection.exec_driver_sql("update versions set seal = cast(replace(seal, 'dataset', 'd4taset') as blob)")
    found = verify.verify(register, "data:v0", "math")
    assert not found.ok
    assert "does not match its digest" in found.faults[0].message


def test_verify_finds_an_audit_entry_that_was_changed(register: Register, commit: Commit) -> None:
    commit("data", b"one")
    with register.catalog.write() as connection:
        connection.exec_driver_sql("update audit set actor = 'user:eve' where sequence = 1")
    assert [fault.what for fault in verify.verify(register, None, "math").faults] == ["audit log"]


def test_verify_finds_metadata_that_was_changed_beside_the_seal(register: Register, commit: Commit) -> None:
    commit("data", b"one", metadata={"rows": 1})
    with register.catalog.write() as connection:
        connection.exec_driver_sql("""update versions set metadata = '{"rows":2}'""")
    assert "differ from the seal" in verify.verify(register, "data:v0", "math").faults[0].message
