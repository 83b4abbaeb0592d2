"""Every value that a database takes comes back as it was, and what one refuses all refuse, with the same error."""

from __future__ import annotations

import msgspec
import pytest

from rollbook.catalog import audit, collections, runs, statements
from rollbook.catalog.audit import AuditValues
from rollbook.catalog.commits import commit_version
from rollbook.catalog.rows import Act
from rollbook.catalog.runs import RunValues
from rollbook.model.canonical import decode, encode
from rollbook.model.errors import InvalidInput

TEXTS = [
    "",
    " ",
    "a'b\"c`d;--",
    "%s %(name)s {x} :y ?",
    "\\ \\n \\x00 \\u0000",
    "tab\tline\nreturn\r",
    "é e\u0301 ﬁ",
    "名前 имя اسم 🎓👩‍🏫",
    "\u202e\u200b\ufeff\uffff",
    "\x01\x7f\x80",
    "x" * 300_000,
]
POISON = ["nul\0inside", "lone \ud800 surrogate", "\udc00"]
NUMBERS = [0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63)]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_text_comes_back_as_it_was(connection, project, collection, text):
    collections.describe(connection, collection, text)
    assert collections.get(connection, project, collection.name).description == text


@pytest.mark.parametrize("text", POISON, ids=["nul", "high surrogate", "low surrogate"])
def test_text_that_one_database_cannot_keep_is_refused_by_all(connection, collection, text):
    with pytest.raises(InvalidInput):
        collections.describe(connection, collection, text)


@pytest.mark.parametrize("number", NUMBERS)
def test_whole_numbers_of_64_bits_come_back(connection, project, act, number):
    at = msgspec.structs.replace(act, at=number)
    made = collections.ensure(connection, project, "n", type="model", id="n", act=at)
    assert made.created_at == number


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**400], ids=["2**63", "-2**63-1", "10**400"])
def test_larger_numbers_are_refused(connection, project, act, number):
    at = msgspec.structs.replace(act, at=number)
    with pytest.raises(InvalidInput, match="64 bits"):
        collections.ensure(connection, project, "n", type="model", id="n", act=at)


def test_bytes_come_back_as_they_were(connection, collection, values, act):
    content = bytes(range(256)) * 300
    version = commit_version(connection, collection, values("a"), act).membership.version
    statements.add(connection, version, content, run=None, at=1)
    assert statements.of_versions(connection, [version.key])[0].content == content


def test_documents_keep_numbers_that_json_of_a_database_would_change(connection, project):
    config = {"nan": {"$float": "NaN"}, "big": 2**53 - 1, "tiny": 5e-324, "minus": -0.0, "deep": [[[[1]]]], "é": "\n"}
    text = encode(config).decode()
    made = runs.create(connection, project, RunValues(id="r", short="r", name="r", config=text), Act(actor="ana", at=1))
    assert made.config == text
    assert encode(decode(made.config)) == text.encode()


def test_names_stand_in_the_same_order_everywhere(connection, project, act):
    names = ["a", "B", "_", "Z", "z", "10", "9", "a-b", "a.b", "ab"]
    for name in names:
        collections.ensure(connection, project, name, type="model", id=name, act=act)
    assert [row.name for row in collections.list_page(connection, project).items] == sorted(names)


def test_audit_entries_are_kept_byte_for_byte(connection, organisation, project):
    facts = {"actor": "ana", "action": "x", "resource": "é\n'", "details": {"text": TEXTS[7], "number": 2**53 - 1}}
    kept = audit.append(connection, organisation.key, AuditValues(project=project.key, at=1, **facts))
    found = audit.list_page(connection, organisation, limit=1).items[0]
    assert (found.entry, found.leaf) == (kept.entry, kept.leaf)
    assert list(audit.check(connection, organisation)) == []
