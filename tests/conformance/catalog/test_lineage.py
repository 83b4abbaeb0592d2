from __future__ import annotations

import pytest

from rollbook.catalog import commits, evaluations, lineage, runs, statements
from rollbook.catalog.runs import RunValues
from rollbook.catalog.schema import statements as statement_table
from rollbook.catalog.walk import NodeKey, walk
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidInput, NotFound


@pytest.fixture
def commit(connection, collection, values, act):
    return lambda content: commits.commit_version(connection, collection, values(content), act).membership


@pytest.fixture
def run(connection, project, act):
    """Make a run that used and produced the given memberships."""

    def make(name, used=(), produced=()):
        made = runs.create(connection, project, RunValues(id=name, short=f"s{name}", name=name), act)
        for role, members in (("used", used), ("produced", produced)):
            for member in members:
                lineage.add_edge(connection, made, member, role, reference=member.name, at=act.at)
        return made

    return make


def version(member):
    return NodeKey("version", member.version.key)


def test_an_edge_is_recorded_once_with_how_it_was_asked_for(connection, commit, run):
    a = commit("a")
    reader = run("r", used=[a])
    again = lineage.add_edge(connection, reader, a, "used", reference="math_tutor:latest", at=9)
    assert lineage.of_run(connection, reader.key, "used") == (again,)
    assert (again.reference, again.membership) == ("math_tutor:v0", a.key)
    assert lineage.of_version(connection, a.version.key, "used") == (again,)
    assert lineage.of_version(connection, a.version.key, "produced") == ()


def test_an_unknown_role_is_refused(connection, commit, run):
    with pytest.raises(InvalidInput, match="'read'"):
        lineage.add_edge(connection, run("r"), commit("a"), "read", reference="", at=1)


def test_lineage_goes_both_ways_to_any_depth(connection, commit, run):
    raw, clean, model, report = (commit(name) for name in ("raw", "clean", "model", "report"))
    cleaning = run("cleaning", [raw], [clean])
    training = run("training", [clean], [model])
    lineage.link(connection, report.version, model.version, "model", reference="", at=1)

    origins = walk(connection, version(report), "origins")
    assert origins.depths == {
        version(report): 0,
        version(model): 1,
        NodeKey("run", training.key): 2,
        version(clean): 3,
        NodeKey("run", cleaning.key): 4,
        version(raw): 5,
    }
    descendants = walk(connection, version(raw), "descendants")
    assert set(descendants.depths) == set(origins.depths)
    assert set(descendants.flows) == set(origins.flows)
    assert [flow.role for flow in descendants.flows] == ["used", "produced", "used", "produced", "model"]
    assert origins.complete
    assert descendants.complete


def test_siblings_are_no_origins(connection, commit, run):
    data, one, two = commit("data"), commit("one"), commit("two")
    run("first", [data], [one])
    run("second", [data], [two])
    assert version(two) not in walk(connection, version(one), "origins").depths
    assert version(two) in walk(connection, version(data), "descendants").depths


def test_a_run_that_produced_what_it_used_is_no_trap(connection, commit, run):
    a, b = commit("a"), commit("b")
    run("r1", [a], [b, a])
    run("r2", [b], [a])
    found = walk(connection, version(a), "origins")
    assert len(found.depths) == 4
    assert found.complete


def test_a_walk_is_bounded_and_says_so(connection, commit, run):
    members = [commit(str(number)) for number in range(8)]
    for number in range(7):
        run(f"r{number}", [members[number]], [members[number + 1]])
    cut = walk(connection, version(members[0]), "descendants", limit=5)
    assert (len(cut.depths), cut.complete) == (5, False)
    exact = walk(connection, version(members[0]), "descendants", limit=15)
    assert (len(exact.depths), exact.complete) == (15, True)
    assert all(flow.source in cut.depths and flow.target in cut.depths for flow in cut.flows)
    with pytest.raises(InvalidInput, match="0"):
        walk(connection, version(members[0]), "origins", limit=0)


def test_a_level_wider_than_one_query_is_walked_whole(connection, commit, run):
    wide = [commit(str(number)) for number in range(1100)]
    end = commit("end")
    run("r", wide, [end])
    for number in (0, 600, 1099):
        run(f"w{number}", [], [wide[number]])
    found = walk(connection, version(end), "origins", limit=5000)
    assert len(found.depths) == 1 + 1 + 1100 + 3


def test_statements_are_kept_by_digest_and_checked_when_read(connection, project, commit, run):
    member, maker = commit("a"), run("r")
    kept = statements.add(connection, member.version, b"{}", run=maker.key, at=7)
    assert kept.digest == Digest.sha256(b"{}")
    assert statements.add(connection, member.version, b"{}", run=maker.key, at=8) == kept
    second = statements.add(connection, member.version, b"[]", run=None, at=9)
    assert statements.of_versions(connection, [member.version.key]) == (kept, second)
    assert statements.get(connection, project, kept.digest) == kept
    with pytest.raises(NotFound):
        statements.get(connection, project, Digest.sha256(b"other"))
    connection.execute(statement_table.update().where(statement_table.c.key == kept.key).values(content=b"{ }"))
    with pytest.raises(CorruptData, match=kept.digest.hex):
        statements.get(connection, project, kept.digest)


def test_an_evaluation_keeps_its_protocol_and_is_found_from_its_model(connection, commit):
    model, evaluation = commit("model"), commit("evaluation")
    lineage.link(connection, evaluation.version, model.version, "model", reference="m:v0", at=1)
    kept = evaluations.record(connection, evaluation.version, '{"task":"binary"}', at=1)
    assert evaluations.record(connection, evaluation.version, '{"task":"other"}', at=2) == kept
    assert evaluations.of_model(connection, model.version) == (kept,)
    assert [link.relation for link in lineage.links_from(connection, evaluation.version.key)] == ["model"]
    assert lineage.links_to(connection, model.version.key, "dataset") == ()
    with pytest.raises(NotFound, match="not an evaluation"):
        evaluations.get(connection, model.version)
