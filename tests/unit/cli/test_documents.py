"""Values as JSON documents."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from rollbook.cli import documents
from rollbook.model.digest import Digest
from rollbook.model.facts import AliasMove, RunFacts

MOVE = AliasMove(
    alias="champion",
    segment="",
    collection="math_tutor",
    from_number=None,
    to_number=3,
    action="promote",
    actor="user:ada",
    reason="",
    at=1_700_000_000_000_000,
)


def test_instants_are_text_and_missing_numbers_null() -> None:
    plain = documents.to_plain(MOVE)
    assert plain["at"] == "2023-11-14T22:13:20.000000Z"
    assert plain["from_number"] is None
    assert list(plain) == list(AliasMove.__struct_fields__)


def test_a_digest_is_its_text() -> None:
    digest = Digest.sha256(b"x")
    assert documents.to_plain({"digest": digest, "paths": (Path("a"),)}) == {"digest": str(digest), "paths": ["a"]}


def test_what_a_user_called_at_stays_a_number() -> None:
    run = RunFacts(id="1", short="abc", project="p", name="n", config={"at": 5, "made_at": 6}, started_at=0)
    plain = documents.to_plain(run)
    assert plain["config"] == {"at": 5, "made_at": 6}
    assert plain["started_at"] == "1970-01-01T00:00:00.000000Z"
    assert plain["finished_at"] is None


def test_a_number_that_json_cannot_write_is_null() -> None:
    text = documents.to_text({"loss": float("nan"), "deep": [{"x": float("inf")}]})
    assert json.loads(text) == {"loss": None, "deep": [{"x": None}]}
    assert text.endswith("}\n")


def test_text_of_other_scripts_stays_readable() -> None:
    assert "数学" in documents.to_text({"name": "数学"})


def test_a_struct_that_grows_a_field_shows_it() -> None:
    class Grown(msgspec.Struct):
        old: int
        new: int

    assert documents.to_plain(Grown(1, 2)) == {"old": 1, "new": 2}
