"""Provenance statements against the field rules of in-toto Statement v1 and SLSA provenance v1.

The rules are written out here from the two specifications, so that they can be checked without their libraries:
https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md (and resource_descriptor.md, digest_set.md)
and https://slsa.dev/spec/v1.0/provenance.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.model.digest import Digest
from rollbook.model.provenance import Code, Material, statement

VERSION = Digest("sha256", "a" * 64)
LENGTHS = {"sha256": 64}
TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z")


def make(**changes: Any) -> bytes:
    facts: dict[str, Any] = {
        "name": "local/math/math_tutor:v3",
        "version": VERSION,
        "run": "018f0000-0000-7000-8000-000000000000",
        "started_at": 1_777_636_800_000_000,
        "made_at": 1_777_636_805_000_001,
        "builder": "rollbook-sdk/0.1.0",
        "parameters": {"lr": 0.1},
        "environment": {"python": "3.11.7"},
        "code": Code(commit="c" * 40, dirty=True, diff=Digest("sha256", "d" * 64), entry="train.py").to_json(),
        "materials": [Material("student_data:v0", Digest("sha256", "b" * 64), "dataset")],
    }
    return statement(**(facts | changes))


def check_digest_set(digests: Any) -> None:
    assert isinstance(digests, dict)
    assert digests
    for algorithm, value in digests.items():
        assert algorithm in LENGTHS, "an algorithm of the specification's list, so that other tools can check it"
        assert re.fullmatch(r"[0-9a-f]+", value)
        assert len(value) == LENGTHS[algorithm]


def check_resource_descriptor(resource: Any, *, needs_digest: bool) -> None:
    assert set(resource) <= {"name", "uri", "digest", "content", "downloadLocation", "mediaType", "annotations"}
    assert {"uri", "digest", "content"} & set(resource)
    assert isinstance(resource.get("name", ""), str)
    assert isinstance(resource.get("annotations", {}), dict)
    if needs_digest or "digest" in resource:
        check_digest_set(resource["digest"])


def check_type_uri(text: Any) -> None:
    assert isinstance(text, str)
    assert urlsplit(text).scheme
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+", text)


def check_statement(data: bytes) -> dict[str, Any]:
    document = json.loads(data)
    assert set(document) == {"_type", "subject", "predicateType", "predicate"}
    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert document["predicateType"] == "https://slsa.dev/provenance/v1"
    assert isinstance(document["subject"], list)
    assert document["subject"]
    for subject in document["subject"]:
        check_resource_descriptor(subject, needs_digest=True)
    names = [subject.get("name", "") for subject in document["subject"]]
    assert len(set(names)) == len(names)
    check_slsa(document["predicate"])
    return document


def check_slsa(predicate: Any) -> None:
    assert set(predicate) == {"buildDefinition", "runDetails"}
    definition, details = predicate["buildDefinition"], predicate["runDetails"]
    assert set(definition) <= {"buildType", "externalParameters", "internalParameters", "resolvedDependencies"}
    check_type_uri(definition["buildType"])
    assert isinstance(definition["externalParameters"], dict)
    assert isinstance(definition.get("internalParameters", {}), dict)
    for dependency in definition["resolvedDependencies"]:
        check_resource_descriptor(dependency, needs_digest=True)
    assert set(details) <= {"builder", "metadata", "byproducts"}
    assert set(details["builder"]) <= {"id", "version", "builderDependencies"}
    check_type_uri(details["builder"]["id"])
    metadata = details["metadata"]
    assert set(metadata) <= {"invocationId", "startedOn", "finishedOn"}
    assert isinstance(metadata["invocationId"], str)
    assert TIMESTAMP.fullmatch(metadata["startedOn"])
    assert TIMESTAMP.fullmatch(metadata["finishedOn"])


def test_shape() -> None:
    document = check_statement(make())
    assert document["subject"] == [{"name": "local/math/math_tutor:v3", "digest": {"sha256": "a" * 64}}]
    definition = document["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["parameters"] == {"lr": 0.1}
    assert definition["externalParameters"]["code"]["dirty"] is True
    assert definition["resolvedDependencies"] == [
        {"name": "student_data:v0", "digest": {"sha256": "b" * 64}, "annotations": {"type": "dataset"}}
    ]
    assert document["predicate"]["runDetails"]["metadata"]["finishedOn"] == "2026-05-01T12:00:05.000001Z"


@pytest.mark.parametrize(
    "changes",
    [{"materials": []}, {"parameters": None, "environment": None, "code": None}, {"builder": ""}, {"run": ""}],
    ids=lambda changes: next(iter(changes)),
)
def test_a_statement_with_little_to_say_keeps_the_rules(changes: dict[str, Any]) -> None:
    check_statement(make(**changes))


MATERIALS = [Material(f"d{i % 3}", Digest("sha256", f"{i}" * 64), "dataset") for i in range(6)]


@given(st.permutations(MATERIALS))
def test_the_order_of_inputs_is_not_a_fact(materials: list[Material]) -> None:
    assert make(materials=materials) == make(materials=MATERIALS)


@pytest.mark.parametrize(
    "changes",
    [
        *({"run": "another"}, {"started_at": 0}, {"made_at": 0}, {"parameters": {"lr": 0.2}}, {"environment": {}}),
        *(
            {"code": {}},
            {"materials": []},
            {"version": Digest("sha256", "e" * 64)},
            {"builder": "other/1"},
            {"name": "x"},
        ),
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_every_fact_is_in_the_bytes(changes: dict[str, Any]) -> None:
    assert make(**changes) != make()


def test_code_leaves_out_what_it_does_not_know() -> None:
    assert Code().to_json() == {}
    full = Code(
        commit="c",
        remote="https://host/repo",
        dirty=True,
        diff=Digest("sha256", "d" * 64),
        version=VERSION,
        entry="train.py",
        arguments=("--lr", "0"),
    ).to_json()
    assert full == {
        "commit": "c",
        "remote": "https://host/repo",
        "dirty": True,
        "diff": "sha256:" + "d" * 64,
        "version": str(VERSION),
        "entry": "train.py",
        "arguments": ["--lr", "0"],
    }
