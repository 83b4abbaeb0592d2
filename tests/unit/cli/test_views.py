"""What people read, from values made by hand: the cases that a story on good data never shows."""

from __future__ import annotations

from typing import Any

import msgspec

from rollbook.cli.layout import plain
from rollbook.cli.views import aliases, comparison, diff, lineage, provenance, run, verification, version
from rollbook.model.digest import Digest
from rollbook.model.facts import AliasMove, Edge, Lineage, Node, RunFacts, VersionFacts
from rollbook.model.manifest import Entry
from rollbook.model.results import (
    Check,
    ComparedModel,
    Comparison,
    Fault,
    FileChange,
    MetadataChange,
    TableChange,
    Verification,
    VersionDiff,
)

DIGEST = Digest.sha256(b"x")
AT = 1_700_000_000_000_000


def row(model: str, value: float | None, **more: Any) -> dict[str, Any]:
    half = None if value is None else 0.02
    return {
        "model": model,
        "metric": "auc",
        "segment": "all",
        "group_attr": "",
        "group_value": "",
        "n": 200,
        "n_students": 200,
        "value": value,
        "low": None if value is None or half is None else value - half,
        "high": None if value is None or half is None else value + half,
        "status": "ok" if value is not None else "undefined",
        "reason": "",
        "note": "",
        **more,
    }


def pair(model: str, difference: float | None, **more: Any) -> dict[str, Any]:
    low, high = (None, None) if difference is None else (difference - 0.01, difference + 0.01)
    return {
        "model": model,
        "versus": "best:v0",
        "role": "best",
        "metric": "auc",
        "difference": difference,
        "low": low,
        "high": high,
        "p_adjusted": 0.0004,
        "note": "",
        **more,
    }


def compared(rows: list[dict[str, Any]], **more: Any) -> Comparison:
    models = tuple(
        ComparedModel(
            label=label,
            evaluation=f"{label}-evaluation",
            evaluation_digest=DIGEST,
            model=label,
            model_digest=DIGEST,
            dataset="data:v0",
            roster="",
        )
        for label in dict.fromkeys(row["model"] for row in rows)
    )
    facts: dict[str, Any] = {
        "plan": {"level": 0.95},
        "protocol": {"task": "binary"},
        "n": 200,
        "n_students": 200,
        "metrics": ("auc@1",),
        "gaps": (),
        "pairwise": (),
        "tied_sets": (),
        "best": "",
        "tied": (),
        "warnings": (),
    }
    return Comparison(models=models, rows=tuple(rows), **(facts | more))


def text(blocks: Any) -> str:
    return "\n".join(plain(blocks))


def test_a_leaderboard_says_what_the_data_can_tell() -> None:
    rows = [row("worse:v0", 0.6), row("best:v0", 0.8), row("close:v0", 0.79), row("none:v0", None, reason="one_class")]
    tied = {"metric": "auc", "best": "best:v0", "members": ("best:v0", "close:v0")}
    pairs = (pair("worse:v0", -0.2), pair("close:v0", -0.01), pair("none:v0", None))
    shown = text(comparison.shown(compared(rows, tied_sets=(tied,), pairwise=pairs)))
    leaderboard = shown.partition("standing\n")[2].splitlines()
    assert [line.split()[0] for line in leaderboard[:4]] == ["best:v0", "close:v0", "worse:v0", "none:v0"]
    assert "0.800 [0.780, 0.820]" in shown
    assert "tied with the best: -0.010 [-0.020, 0.000]" in shown
    assert "behind: -0.200 [-0.210, -0.190]" in shown
    assert "- (one class only)" in shown
    assert "cannot be ranked" in shown
    assert "the data cannot tell it from close:v0." in shown


def test_when_nothing_can_be_told_apart_it_says_so() -> None:
    labels = ("best:v0", *(f"close:v{number}" for number in range(4)))
    rows = [row(label, 0.8) for label in labels]
    tied = {"metric": "auc", "best": "best:v0", "members": labels}
    pairs = tuple(pair(label, -0.01) for label in labels[1:])
    shown = text(comparison.shown(compared(rows, tied_sets=(tied,), pairwise=pairs)))
    assert "the data cannot tell any of these models apart from it" in shown


def test_a_clear_winner_is_named() -> None:
    rows = [row("best:v0", 0.8), row("worse:v0", 0.6)]
    tied = {"metric": "auc", "best": "best:v0", "members": ("best:v0",)}
    shown = text(comparison.shown(compared(rows, tied_sets=(tied,), pairwise=(pair("worse:v0", -0.2),))))
    assert "best:v0 is better than every other model here." in shown


def test_a_suppressed_group_shows_the_word_and_no_number() -> None:
    hidden: dict[str, Any] = {"low": None, "high": None, "n": None, "n_students": None, "status": "suppressed"}
    rows = [
        row("m:v0", 0.8),
        row("m:v0", 0.7, group_attr="gender", group_value="F"),
        row("m:v0", None, group_attr="gender", group_value="M", **hidden),
    ]
    gap = {
        "model": "m:v0",
        "metric": "auc",
        "group_attr": "gender",
        "value": None,
        "low": None,
        "high": None,
        "p": None,
        "worst": None,
        "lowest": None,
        "highest": None,
        "reason": "below_min_n",
        "left_out": ["M"],
    }
    shown = text(comparison.shown(compared(rows, gaps=(gap,))))
    line = next(line for line in shown.splitlines() if line.startswith("M "))
    assert line.split() == ["M", "m:v0", "suppressed", "-"]
    assert "Gaps leave out what is too small to judge: M." in shown
    assert "- (below min n)" in shown


def test_the_worst_group_is_named_and_a_shared_note_stands_once() -> None:
    rows = [
        *(row(model, 0.8) for model in ("a:v0", "b:v0")),
        *(
            row(model, 0.7, group_attr="race", group_value=group, note="few" if group == "x" else "")
            for group in ("x", "y")
            for model in ("a:v0", "b:v0")
        ),
    ]
    gaps: tuple[dict[str, Any], ...] = tuple(
        {
            "model": model,
            "metric": "auc",
            "group_attr": "race",
            "value": 0.1,
            "low": 0.0,
            "high": 0.2,
            "p": 0.2,
            "worst": "y",
            "lowest": "y",
            "highest": "x",
            "reason": "",
            "left_out": [],
        }
        for model in ("a:v0", "b:v0")
    )
    shown = text(comparison.shown(compared(rows, gaps=gaps)))
    assert shown.count("few") == 1
    assert shown.count("worst group") == 2
    assert "0.10 [0.00, 0.20]" in shown


def test_warnings_stand_before_the_numbers() -> None:
    shown = text(comparison.shown(compared([row("m:v0", 0.8)], warnings=("threshold chosen on test rows",))))
    assert shown.index("warning: threshold chosen on test rows") < shown.index("0.800")


def test_students_and_rows_are_both_told_where_they_differ() -> None:
    assert comparison.people({"n": 2000, "n_students": 100}) == "100 (2,000 rows)"
    assert comparison.people({"n": 1790, "n_students": 1790}) == "1,790"


def test_a_value_without_an_interval_says_why() -> None:
    given = row("m", 0.8, low=None, high=None, reason="too_few_clusters")
    assert comparison.estimate(given) == "0.800 (no interval: too few students)"


def node(id_: str, kind: Any = "version") -> Node:
    return Node(id=id_, kind=kind, name=id_, type="dataset" if kind == "version" else "clean", depth=0)


def test_lineage_unfolds_each_node_once_and_ends_on_a_cycle() -> None:
    graph = Lineage(
        root="a",
        nodes=(node("a"), node("r", "run"), node("s", "run"), node("b"), node("c")),
        edges=(
            Edge("a", "r", "used"),
            Edge("a", "s", "used"),
            Edge("r", "b", "produced"),
            Edge("s", "b", "produced"),
            Edge("b", "s", "used"),
            Edge("s", "c", "produced"),
            Edge("s", "a", "produced"),
        ),
    )
    shown = text(lineage.shown(graph, up=False, down=True)).splitlines()
    assert shown == [
        "a  dataset",
        "led to:",
        "├─ run r  clean",
        "│  └─ b  dataset",
        "│     └─ run s  clean",
        "│        ├─ b  dataset  (see above)",
        "│        ├─ c  dataset",
        "│        └─ a  dataset  (see above)",
        "└─ run s  clean  (see above)",
    ]


def test_a_link_is_told_only_where_no_run_tells_it() -> None:
    nodes = (node("model"), node("run", "run"), node("evaluation"), node("other"))
    edges = (
        Edge("model", "run", "used"),
        Edge("run", "evaluation", "produced"),
        Edge("model", "evaluation", "model"),
        Edge("model", "other", "model"),
    )
    shown = text(lineage.shown(Lineage("model", nodes, edges), up=False, down=True))
    assert shown.count("evaluation") == 1
    assert "other  dataset  as model" in shown


def test_a_cut_lineage_says_so() -> None:
    shown = text(lineage.shown(Lineage("a", (node("a"),), (), complete=False), up=True, down=True))
    assert shown.splitlines()[1:3] == ["made from: nothing", "led to: nothing"]
    assert "more than is shown" in shown


def test_a_difference_shows_files_tables_and_metadata() -> None:
    table = TableChange(
        path="d.parquet",
        columns_added=("x",),
        columns_removed=("y",),
        columns_retyped=(("z", "int64", "double"),),
        rows_old=10,
        rows_new=11,
        rows_added=1,
        rows_changed=1,
        key=("id",),
        cells={"q": 1},
        samples=(
            {"kind": "changed", "key": {"id": "7"}, "cells": [{"column": "q", "old": "True", "new": None}]},
            {"kind": "added", "key": {"id": "11"}, "cells": [{"column": "q", "old": None, "new": "1"}]},
        ),
    )
    found = VersionDiff(
        old="a:v0",
        new="a:v1",
        identical=False,
        files=(FileChange(path="d.parquet", change="changed", old_size=10, new_size=2000),),
        tables=(table,),
        metadata=(MetadataChange(key="k", change="added", new=[1]),),
        class_change=("internal", "public"),
    )
    shown = text(diff.shown(found))
    for part in (
        "data class  internal -> public",
        "changed  d.parquet    10 B  2.0 kB",
        "rows             10 -> 11: 1 added, 1 changed",
        "z: int64 -> double",
        "changed  7   q: True -> (null)",
        "added    11  q=1",
        "added   k    -       [1]",
    ):
        assert part in shown, part


def test_identical_versions_are_said_to_be_so() -> None:
    assert "nothing differs" in text(diff.shown(VersionDiff(old="a:v0", new="b:v0", identical=True)))


def test_damage_is_unmistakable_and_what_was_not_checked_is_told() -> None:
    faults = (
        Fault(finding="damaged", what="a:v0 d.csv", message="other bytes"),
        Fault(finding="unchecked", what="a:v0 s3", message="no checksum"),
    )
    found = Verification(versions=1, statements=1, blobs=1, bytes=10, audit_entries=2, faults=faults)
    shown = text(verification.shown(found))
    assert shown.startswith("DAMAGED: 1 fault")
    assert "a:v0 d.csv" in shown
    assert "1 entry could not be checked" in shown
    assert text(verification.shown(msgspec.structs.replace(found, faults=faults[1:]))).startswith("All is well.")


def test_advice_is_given_for_what_is_not_well_only() -> None:
    found = [
        Check(check="disk", status="fail", message="no space", hint="free some"),
        Check(check="keys", status="ok", message="1", hint="never shown"),
    ]
    shown = text(verification.checks(found))
    assert "free some" in shown
    assert "never shown" not in shown


def version_facts(**more: Any) -> VersionFacts:
    facts: dict[str, Any] = {
        "digest": DIGEST,
        "organisation": "local",
        "project": "math",
        "collection": "data",
        "number": 3,
        "type": "dataset",
        "data_class": "internal",
        "metadata": {"a": {"b": 1}},
        "manifest_blob": DIGEST,
        "size": 10,
        "file_count": 30,
        "created_at": AT,
        "created_by": "user:ada",
    }
    return VersionFacts(**(facts | more))


def test_a_version_shows_what_is_sealed_before_what_was_said_later() -> None:
    entries = [Entry(path=f"f{index}", digest=DIGEST, size=1) for index in range(30)]
    entries[0] = Entry(path="far", kind="reference", uri="s3://b/k")
    notes = [{"kind": "tag", "value": "x" * 90, "actor": "user:ada", "added_at": "2023-11-14T22:13:20Z"}]
    nodes = (node("d"), node("m"), node("r", "run"))
    graph = Lineage("d", nodes, (Edge("r", "d", "produced"), Edge("d", "m", "model")))
    facts = version_facts(description="said", tags=("x",))
    shown = text(version.shown(facts, entries, notes, graph, None))
    assert shown.index("a.b = 1") < shown.index("description  said") < shown.index("made by run") < shown.index("Files")
    assert "is the model of  m" in shown
    assert "s3://b/k without a checksum" in shown
    assert "... and 10 more files: all with --json" in shown
    assert "2023-11-14 22:13:20 UTC by ada" in shown
    assert "10 seconds ago" in text(version.shown(facts, entries, notes, graph, AT + 10_000_000))


def test_a_run_shows_its_rows_by_step() -> None:
    facts = RunFacts(
        id="1", short="abc", project="p", name="n", config={"lr": 0.1, "net": {"depth": 2}}, started_at=AT,
        finished_at=AT + 5_000_000, state="finished",
    )  # fmt: skip
    rows = [{"_step": 0, "loss": 0.5}, {"_step": 1, "loss": 0.25, "note": "x"}]
    shown = text(run.shown(facts, ["data:v0"], [], rows, None))
    assert "depth = 2" in shown
    assert "took     5.0 s" in shown
    table = [line.split() for line in shown.splitlines()[-3:]]
    assert table == [["step", "loss", "note"], ["0", "0.5"], ["1", "0.25", "x"]]


def test_a_statement_is_read_without_what_it_lacks() -> None:
    predicate = {
        "buildDefinition": {
            "externalParameters": {"parameters": None, "code": {"commit": "c0ffee"}},
            "internalParameters": {"environment": None},
            "resolvedDependencies": [
                {"name": "p/data:v0", "digest": {"sha256": "ab" * 32}, "annotations": {"type": "dataset"}}
            ],
        },
        "runDetails": {"builder": {"id": "b"}, "metadata": {"finishedOn": "2026"}},
    }
    shown = text(provenance.shown("p/m:v0", [{"digest": DIGEST, "statement": {"predicate": predicate}}]))
    assert "p/data:v0  dataset  sha256:abababababab" in shown
    assert "commit = c0ffee" in shown
    assert "parameters" not in shown


def test_moves_of_aliases() -> None:
    move = AliasMove(
        alias="champion", segment="grade=8", collection="m", from_number=None, to_number=2, action="promote",
        actor="user:ada", reason="why", at=AT,
    )  # fmt: skip
    assert aliases.moved(move) == "m:champion/grade=8  nowhere -> v2  promote (why)"
    still = msgspec.structs.replace(move, action="unchanged", from_number=2)
    assert aliases.moved(still) == "m:champion/grade=8 is at v2 already"
