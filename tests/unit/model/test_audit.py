"""Audit entries: canonical bytes, and leaves that an RFC 6962 log will take as they are."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from rollbook.model.audit import AuditEntry, canonical, leaf_hash
from rollbook.model.canonical import decode

ENTRY = AuditEntry(
    sequence=7,
    at=1_777_636_800_000_000,
    actor="user:ana",
    action="alias.move",
    resource="local/math/math_tutor:champion",
    details={"from": 2, "to": 3, "reason": "better AUC"},
)


def test_the_leaves_of_the_reference_log() -> None:
    """Inputs and hashes of the test vectors that implementations of RFC 6962 share."""
    assert leaf_hash(b"").hex == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"\x00").hex == "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
    assert leaf_hash(b"\x10").hex == "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7"


def test_a_leaf_is_told_from_a_node() -> None:
    assert leaf_hash(b"x").raw == hashlib.sha256(b"\x00x").digest()
    assert leaf_hash(b"x").algorithm == "sha256"


def test_canonical_bytes() -> None:
    assert canonical(ENTRY) == (
        b'{"action":"alias.move","actor":"user:ana","at":"2026-05-01T12:00:00.000000Z",'
        b'"details":{"from":2,"reason":"better AUC","to":3},"format":"rollbook/audit@1",'
        b'"resource":"local/math/math_tutor:champion","sequence":7}'
    )
    assert decode(canonical(ENTRY)) == {
        "format": "rollbook/audit@1",
        "sequence": 7,
        "at": "2026-05-01T12:00:00.000000Z",
        "actor": "user:ana",
        "action": "alias.move",
        "resource": "local/math/math_tutor:champion",
        "details": {"from": 2, "to": 3, "reason": "better AUC"},
    }


@pytest.mark.parametrize(
    "change",
    [
        *({"sequence": 8}, {"at": 0}, {"actor": "user:bo"}, {"action": "alias.delete"}, {"resource": "local/math"}),
        *({"details": {}}, {"details": {"from": 3, "to": 2, "reason": "better AUC"}}),
    ],
    ids=str,
)
def test_every_fact_changes_the_leaf(change: dict[str, Any]) -> None:
    changed = msgspec.structs.replace(ENTRY, **change)
    assert leaf_hash(canonical(changed)) != leaf_hash(canonical(ENTRY))


def test_no_two_entries_share_bytes_across_the_border_of_fields() -> None:
    one = msgspec.structs.replace(ENTRY, actor="user:ana", action="alias.move")
    other = msgspec.structs.replace(ENTRY, actor='user:ana","action":"alias.move', action="")
    assert canonical(one) != canonical(other)
