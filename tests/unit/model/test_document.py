"""Documents: what is written is read back as it was, and what does not fit is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.model.digest import Digest
from rollbook.model.document import from_document, read_document, to_document, write_document
from rollbook.model.errors import InvalidInput
from rollbook.model.facts import AliasMove, Committed, Lineage, NewRun, RunChanges, VersionFacts
from rollbook.model.results import Check, Verification

FACTS = VersionFacts(
    digest=Digest.sha256(b"seal"),
    organisation="local",
    project="math",
    collection="tutor",
    number=3,
    type="model",
    data_class="internal",
    metadata={"at": 3, "auc": 0.75, "nested": {"created_at": 7, "worst": math.inf}},
    manifest_blob=Digest("blake3", "0" * 64),
    size=10,
    file_count=1,
    created_at=1_790_000_000_000_001,
    created_by="user:ana",
    aliases=("champion",),
)


def test_a_document_reads_as_people_write_it() -> None:
    document = to_document(FACTS)
    assert document["digest"] == str(FACTS.digest)
    assert document["created_at"] == "2026-09-21T14:13:20.000001Z"
    assert document["aliases"] == ["champion"]
    assert document["metadata"]["at"] == 3, "what people put into metadata is theirs"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (FACTS, VersionFacts),
        (Committed(FACTS, created=False), Committed),
        ((FACTS, FACTS), tuple[VersionFacts, ...]),
        ([FACTS], list[VersionFacts]),
        (None, VersionFacts | None),
        (FACTS, VersionFacts | None),
        (Lineage("version:1", (), ()), Lineage),
        (RunChanges(summary={"loss": math.nan}, state="finished"), RunChanges),
        (Verification(versions=1, statements=1, blobs=2, bytes=3, audit_entries=4), Verification),
        ({"a": [1, None]}, dict[str, Any]),
    ],
)
def test_what_was_written_is_read_back(value: Any, kind: Any) -> None:
    back = read_document(write_document(value), kind)
    assert repr(back) == repr(value), "not by ==: NaN is not equal to itself"


@given(st.integers(-62135596800000000, 253402300799999999), st.text(max_size=5))
def test_any_instant_comes_back(at: int, reason: str) -> None:
    move = AliasMove(
        alias="a", segment="", collection="c", from_number=None, to_number=1, action="set", actor="u", reason="", at=at
    )
    assert read_document(write_document(move), AliasMove) == move


@pytest.mark.parametrize(
    ("text", "kind", "named"),
    [
        (b"{", NewRun, "not JSON"),
        (b"\xff", NewRun, "not JSON"),
        (b"[" * 100_000, NewRun, "not JSON"),
        (b"[]", NewRun, "object"),
        (b'{"project": 3}', NewRun, r"\$.project"),
        (b'{"project": "math", "tags": "one"}', NewRun, r"\$.tags"),
        (b'{"check": "disk", "status": "great", "message": ""}', Check, "great"),
        (b'{"version": {"digest": "md5:00"}, "created": true}', Committed, "md5"),
    ],
)
def test_what_does_not_fit_is_refused(text: bytes, kind: Any, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        read_document(text, kind)


def test_a_time_without_a_zone_is_refused() -> None:
    plain = to_document(FACTS) | {"created_at": "2026-05-01T12:00:00"}
    with pytest.raises(InvalidInput, match="instant"):
        from_document(plain, VersionFacts)
