"""Reports that are kept, plans that are sealed, and the ledger of looks at a dataset."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from rollbook.app import aliases, comparison, exploration, ledger, lineage, plans, reporthtml, reports, versions
from rollbook.app.register import Register
from rollbook.catalog import Catalog
from rollbook.model.errors import Conflict, FinalOpened, Forbidden, InvalidInput
from rollbook.model.facts import NewRun
from rollbook.model.permission import Actor
from rollbook.sdk.embedded import Embedded
from rollbook.sdk.run import Run
from rollbook.sdk.version import Version

STUDENTS = 300
FAST = {"metrics": ["auc"], "n_boot": 100}


@pytest.fixture
def run(register: Register) -> Any:
    transport = Embedded(register)
    with Run(transport.start_run(NewRun(project="math")), transport, save_code=False) as run:
        yield run


@pytest.fixture
def dataset(run: Run, tmp_path: Path) -> Version:
    (tmp_path / "data.csv").write_text("x\n1\n", encoding="utf-8")
    return run.log_artifact(tmp_path / "data.csv", type="dataset")


@pytest.fixture(autouse=True)
def evaluated(run: Run, tmp_path: Path, dataset: Version) -> None:
    """Models `good`, `fair` and `bad`, each with an evaluation; four students are in a group that is too small."""
    groups = ["rare" if student < 4 else "north" if student % 2 else "south" for student in range(STUDENTS)]
    roster = run.log_roster(pa.table({"student": list(range(STUDENTS)), "group": groups}))
    for name, noise in (("good", 0.5), ("fair", 2.0), ("bad", 5.0)):
        rng = np.random.default_rng(7)
        truth = rng.integers(0, 2, STUDENTS)
        score = 1 / (1 + np.exp(-(2 * truth - 1 + noise * rng.normal(size=STUDENTS))))
        (tmp_path / f"{name}.json").write_text(name, encoding="utf-8")
        model = run.log_artifact(tmp_path / f"{name}.json", type="model")
        table = pa.table({"student": list(range(STUDENTS)), "truth": truth, "score": score})
        run.log_evaluation(model=model, dataset=dataset, roster=roster, predictions=table)


def keep(register: Register, *names: str, save: str = "report", **options: Any) -> Any:
    return reports.compare(register, [f"{name}:v0" for name in names], "math", FAST | options, save=save)


def test_a_report_is_a_version_linked_to_all_it_was_made_from(register: Register, dataset: Version) -> None:
    kept = keep(register, "good", "bad", by=["group"])
    assert kept.kept == "report:v0"
    facts = versions.resolve(register, "report:v0", "math")
    assert facts.type == "report"
    assert facts.metadata["report"]["plan"]["seed"] == 0  # type: ignore[index, call-overload]
    origins = {node.name for node in lineage.lineage(register, "report:v0", "math", down=False).nodes}
    assert {"good:v0", "bad:v0", "good-evaluation:v0", "bad-evaluation:v0", dataset.name} <= origins


def test_the_same_comparison_kept_again_is_the_same_version(register: Register) -> None:
    first = keep(register, "good", "bad")
    keep(register, "good", "fair")
    aliases.set_alias(register, "good:v0", "champion", "math", action="promote")
    again = keep(register, "good", "bad")
    assert again.kept == first.kept == "report:v0"
    assert again.digest == first.digest


def test_what_is_kept_withholds_small_groups_whoever_makes_it(register: Register) -> None:
    seen = comparison.compare(register, ["good:v0"], "math", FAST | {"by": ["group"]})
    kept = keep(register, "good", by=["group"])
    assert {str(row["status"]) for row in seen.rows if row["group_value"] == "rare"} != {"suppressed"}
    assert {row["status"] for row in kept.rows if row["group_value"] == "rare"} == {"suppressed"}
    assert kept.look == seen.look


@pytest.mark.parametrize("role", ["viewer", "educator"])
def test_viewers_read_it_and_make_none(register: Register, as_role: Callable[..., Register], role: str) -> None:
    kept = keep(register, "good", "bad")
    found = reports.read(as_role(role), "report:v0", "math")
    assert (found.report.digest, found.report.kept) == (kept.digest, "report:v0")
    assert "good:v0" in found.html
    with pytest.raises(Forbidden):
        keep(as_role(role), "good", "bad")


def test_an_educator_does_not_read_about_students_of_others(register: Register) -> None:
    keep(register, "good", "bad")
    actor = Actor("user:eva", "local", roles={"": ("educator",)}, segments={"": ("group=north",)})
    with pytest.raises(Forbidden, match="more students than you teach"):
        reports.read(replace(register, actor=actor), "report:v0", "math")


def test_recomputing_gives_every_number_again(register: Register) -> None:
    keep(register, "good", "fair", by=["group"], reference="fair:v0", where={"group": "north"}, margins={"auc": 0.1})
    before = ledger.read(register, "data:v0", "math")
    found = reports.recompute(register, "report:v0", "math")
    assert found.equal
    assert found.numbers > 20
    assert ledger.read(register, "data:v0", "math") == before


def test_recomputing_names_what_differs(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(register, "good", "fair")
    computed = comparison.computed

    def off(*given: Any) -> Any:
        found = computed(*given)
        row: dict[str, Any] = {**found.rows[0]}
        row["value"] += 1e-9
        return msgspec.structs.replace(found, rows=(row, *found.rows[1:]))

    monkeypatch.setattr(comparison, "computed", off)
    found = reports.recompute(register, "report:v0", "math")
    assert not found.equal
    assert [line.partition(":")[0] for line in found.differences] == ["rows[0].value"]


def test_only_reports_are_read_and_recomputed(register: Register) -> None:
    for verb in (reports.read, reports.recompute):
        with pytest.raises(InvalidInput, match="is a model, not a report"):
            verb(register, "good:v0", "math")


def seal(register: Register, **options: Any) -> str:
    return plans.seal(register, "plan", "data:v0", FAST | options, "math").reference


def test_a_plan_sealed_before_the_first_look_makes_a_report_confirmatory(register: Register) -> None:
    plan = seal(register, by=["group"])
    found = comparison.compare(register, ["good:v0", "bad:v0"], "math", {"plan": plan})
    assert (found.standing.kind, found.standing.reason, found.standing.plan) == ("confirmatory", "", "plan:v0")
    assert {str(row["group_attr"]) for row in found.rows} == {"", "group"}


def test_without_a_plan_a_report_is_exploratory(register: Register) -> None:
    found = comparison.compare(register, ["good:v0"], "math", FAST)
    assert (found.standing.kind, found.standing.reason) == ("exploratory", "no plan was sealed")


def test_a_plan_sealed_after_the_first_look_is_too_late(register: Register) -> None:
    comparison.compare(register, ["good:v0"], "math", FAST)
    found = comparison.compare(register, ["good:v0", "bad:v0"], "math", {"plan": seal(register)})
    assert "after the first look at data:v0" in found.standing.reason


def test_exploring_is_looking(register: Register) -> None:
    exploration.explore(register, ["good:v0"], "math", where={})
    exploration.explore(register, ["good:v0"], "math", where={"group": ["north"]})
    assert ledger.read(register, "data:v0", "math").looks == 1
    found = comparison.compare(register, ["good:v0"], "math", {"plan": seal(register)})
    assert found.standing.kind == "exploratory"


def test_asking_otherwise_than_sealed_is_exploratory(register: Register) -> None:
    plan = seal(register)
    found = comparison.compare(register, ["good:v0"], "math", {"plan": plan, "seed": 4, "level": 0.9})
    assert found.standing.reason == "it was asked otherwise than sealed: level, seed"


def test_a_plan_for_another_dataset_is_exploratory(register: Register, run: Run, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("x\n2\n", encoding="utf-8")
    run.log_artifact(tmp_path / "other.csv", type="dataset")
    plan = plans.seal(register, "plan", "other:v0", FAST, "math").reference
    found = comparison.compare(register, ["good:v0"], "math", {"plan": plan})
    assert found.standing.reason == "the plan was sealed for other:v0, not for data:v0"


@pytest.mark.parametrize(
    "options",
    [
        {"metrics": []},
        {"metrics": ["magic"]},
        {"level": 2},
        {"n_boot": 1},
        {"rows": "some"},
        {"margins": {"auc": 0.1}},
        {"reference": "bad:v0", "margins": {"auc": -1}},
        {"reference": "bad:v0", "margins": {"f1": 0.1}},
        {"level": "high"},
        {"where": "north"},
        {"plan": "plan:v0"},
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_not_sealed(register: Register, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        seal(register, **options)


def test_the_same_plan_is_one_version_and_only_plans_are_plans(register: Register) -> None:
    assert seal(register) == seal(register) == "plan:v0"
    assert seal(register, seed=1) == "plan:v1"
    with pytest.raises(InvalidInput, match="is a model, not a plan"):
        comparison.compare(register, ["good:v0"], "math", {"plan": "bad:v0"})


def test_the_ledger_counts_questions_versions_and_promotions(register: Register) -> None:
    aliases.set_alias(register, "bad:v0", "champion", "math", action="promote")
    comparison.compare(register, ["good:v0", "bad:v0"], "math", FAST)
    comparison.compare(register, ["bad:v0", "good:v0"], "math", FAST)
    aliases.set_alias(register, "good:v0", "champion", "math", action="promote")
    found = comparison.compare(register, ["good:v0", "fair:v0"], "math", FAST)
    assert str(found.look) == "look 2 on data:v0; 3 versions compared so far; 1 promotion decided on it"
    told = ledger.read(register, "data:v0", "math")
    assert (told.looks, told.versions, told.promotions, told.final) == (2, 3, 1, False)
    assert [(entry.number, set(entry.versions), entry.actor) for entry in told.entries] == [
        (2, {"good:v0", "fair:v0"}, "user:ana"),
        (1, {"good:v0", "bad:v0"}, "user:ana"),
    ]


def test_a_question_that_fails_is_no_look(register: Register) -> None:
    with pytest.raises(InvalidInput):
        comparison.compare(register, ["good:v0"], "math", FAST | {"by": ["height"]})
    assert ledger.read(register, "data:v0", "math").looks == 0


def test_a_final_dataset_answers_one_question(register: Register, dataset: Version) -> None:
    dataset.tag("final")
    first = comparison.compare(register, ["good:v0", "bad:v0"], "math", FAST)
    assert keep(register, "good", "bad").look == first.look
    assert reports.recompute(register, "report:v0", "math").equal
    for question in ({"seed": 1}, {"by": ["group"]}, {"where": {"group": "north"}}):
        with pytest.raises(FinalOpened, match=r"data:v0 is final, and was opened on look 1 by user:ana"):
            comparison.compare(register, ["good:v0", "bad:v0"], "math", FAST | question)
    with pytest.raises(FinalOpened):
        comparison.compare(register, ["good:v0"], "math", FAST)
    with pytest.raises(FinalOpened):
        exploration.explore(register, ["good:v0"], "math", where={})
    assert ledger.read(register, "data:v0", "math").looks == 1


def test_taking_the_tag_off_does_not_open_it_again(register: Register, dataset: Version) -> None:
    dataset.tag("final")
    dataset.tag(remove=("final",))
    dataset.tag("final")
    comparison.compare(register, ["good:v0"], "math", FAST)
    dataset.tag(remove=("final",))
    with pytest.raises(FinalOpened):
        comparison.compare(register, ["bad:v0"], "math", FAST)


def test_two_questions_at_once_open_a_final_dataset_once(
    register: Register, dataset: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset.tag("final")
    computed = comparison.computed

    def slow(*given: Any) -> Any:
        monkeypatch.setattr(comparison, "computed", computed)
        comparison.compare(register, ["bad:v0"], "math", FAST)
        return computed(*given)

    monkeypatch.setattr(comparison, "computed", slow)
    with pytest.raises(FinalOpened):
        comparison.compare(register, ["good:v0"], "math", FAST)
    assert ledger.read(register, "data:v0", "math").looks == 1


def test_a_margin_says_who_is_not_worse(register: Register) -> None:
    asked = FAST | {"reference": "fair:v0", "margins": {"auc": 0.01}}
    found = comparison.compare(register, ["good:v0", "fair:v0", "bad:v0"], "math", asked)
    assert {one.model: one.holds for one in found.not_worse} == {"good:v0": True, "bad:v0": False}


def test_a_name_that_is_a_dataset_already_keeps_no_report(register: Register) -> None:
    with pytest.raises(Conflict):
        keep(register, "good", save="data")


def test_the_stored_page_is_the_report_and_needs_nothing_else(register: Register) -> None:
    kept = keep(register, "good", "bad", by=["group"])
    found = reports.read(register, "report:v0", "math")
    assert found.html == reporthtml.page(kept)
    assert json.loads(kept.canonical())["best"] == "good:v0"
    for outside in ("<script", "http:", "https:", "src=", "@import", "url("):
        assert outside not in found.html


def test_an_archive_is_compared_though_no_look_can_be_entered(register: Register) -> None:
    plans.seal(register, "release", "data:v0", FAST, "math")
    with Catalog.open(register.root / "catalog.sqlite", read_only=True) as catalog:
        archive = replace(register, catalog=catalog)
        found = comparison.compare(archive, ["good:v0", "bad:v0"], "math", FAST | {"plan": "release"})
    assert found.best == "good:v0"
    assert found.look is None
    assert (found.standing.kind, "read-only" in found.standing.reason) == ("exploratory", True)
    assert ledger.read(register, "data:v0", "math").looks == 0
