"""Facts and answers: values that cannot change under their holder, and that go through JSON."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from rollbook.model import facts, results
from rollbook.model.canonical import decode, encode
from rollbook.model.digest import Digest
from rollbook.model.document import read_document
from rollbook.model.errors import CorruptData
from rollbook.model.manifest import Manifest

DIGEST = Digest("sha256", "a" * 64)
BLOB = Digest("blake3", "b" * 64)
VERSION = facts.VersionFacts(
    digest=DIGEST,
    organisation="local",
    project="math",
    collection="math_tutor",
    number=3,
    type="model",
    data_class="internal",
    metadata={"lr": 0.1},
    manifest_blob=BLOB,
    size=10,
    file_count=1,
    created_at=0,
    created_by="user:ana",
    aliases=("champion", "champion/grade=8"),
)
STRUCTS = [
    item
    for module in (facts, results)
    for item in vars(module).values()
    if isinstance(item, type) and issubclass(item, msgspec.Struct) and item.__module__ == module.__name__
]


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_every_fact_is_frozen_and_explained(struct: Any) -> None:
    assert struct.__struct_config__.frozen
    assert struct.__doc__


def test_a_version_is_referred_to_by_collection_and_number() -> None:
    assert VERSION.reference == "math_tutor:v3"


def test_facts_are_ready_for_json() -> None:
    plain = msgspec.to_builtins(VERSION)
    assert plain["digest"] == {"algorithm": "sha256", "hex": "a" * 64}
    assert (plain["number"], plain["metadata"], plain["aliases"]) == (3, {"lr": 0.1}, ("champion", "champion/grade=8"))
    assert decode(msgspec.json.encode(VERSION)) == decode(encode(plain))


def test_default_dictionaries_are_not_shared() -> None:
    one, other = facts.NewRun(project="a"), facts.NewRun(project="b")
    one.config["lr"] = 1
    assert other.config == {}
    first, second = (facts.NewVersion(project="p", collection="c", type="t", manifest=Manifest(())) for _ in range(2))
    first.metadata["x"] = 1
    assert second.metadata == {}


def verification(*findings: results.Finding) -> results.Verification:
    faults = tuple(
        results.Fault(finding=finding, what=f"student_data:v{index}", message="does not match")
        for index, finding in enumerate(findings)
    )
    return results.Verification(versions=1, statements=1, blobs=1, bytes=1, audit_entries=1, faults=faults)


@pytest.mark.parametrize("findings", [[], ["unchecked"], ["unchecked", "unchecked"]])
def test_what_cannot_be_checked_is_said_and_is_not_damage(findings: Any) -> None:
    outcome = verification(*findings)
    assert outcome.ok
    outcome.raise_if_damaged()
    assert len(outcome.faults) == len(findings)


@pytest.mark.parametrize("findings", [["damaged"], ["missing"], ["unchecked", "damaged"], ["missing"] * 50])
def test_damage_is_never_passed_over(findings: Any) -> None:
    outcome = verification(*findings)
    assert not outcome.ok
    with pytest.raises(CorruptData) as caught:
        outcome.raise_if_damaged()
    assert outcome.damage[0].what in caught.value.message
    assert str(len(outcome.damage)) in caught.value.message
    assert len(caught.value.message) < 500
    assert "backup" in caught.value.hint


def comparison(**changes: Any) -> results.Comparison:
    given: dict[str, Any] = {
        "models": (
            results.ComparedModel(
                label="lr",
                evaluation="e:v0",
                evaluation_digest=DIGEST,
                model="m:v0",
                model_digest=None,
                dataset="",
                roster="",
            ),
        ),
        "plan": {"seed": 7},
        "n": 10,
        "n_students": None,
        "protocol": {},
        "rows": ({"metric": "auc", "value": 0.75, "low": None},),
        "gaps": (),
        "pairwise": (),
        "best": "lr",
        "tied": ("lr",),
        "warnings": (),
    }
    required = {field.name for field in msgspec.structs.fields(results.Comparison) if field.required}
    fillers: dict[str, Any] = dict.fromkeys(required - set(given), ())
    return results.Comparison(**(fillers | given | changes))


def test_a_report_has_one_spelling_and_a_digest_of_it() -> None:
    report = comparison()
    assert report.digest == Digest.sha256(report.canonical())
    assert read_document(report.canonical(), results.Comparison) == report
    assert comparison(kept="r:v0").digest == report.digest
    assert comparison(plan={"seed": 8}).digest != report.digest
    assert comparison(rows=({"metric": "auc", "value": 0.7500000000000001, "low": None},)).digest != report.digest


def test_a_report_with_a_number_that_json_cannot_hold_still_has_a_digest() -> None:
    report = comparison(rows=({"metric": "log_loss", "value": math.inf, "range": (math.nan, math.inf)},))
    assert b'{"$float":"Infinity"}' in report.canonical()
