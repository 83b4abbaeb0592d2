"""Bytes that name things for ever: manifests, seals, statements and audit entries of format 1.

`versions-v1.json` holds what the first release wrote. Beside it, the same bytes are made a second time with nothing but
the standard library, from the text of `docs/formats/versions.md`: what is documented is what is written.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from rollbook.model import audit, manifest, reference
from rollbook.model.canonical import decode, encode
from rollbook.model.digest import Digest
from rollbook.model.manifest import Entry
from rollbook.model.provenance import Code, Material, statement
from rollbook.model.version import Seal, read_seal

GOLDEN = json.loads((Path(__file__).parent / "versions-v1.json").read_text(encoding="utf-8"))
NOON = 1_777_636_800_000_000


def plain(value: Any) -> bytes:
    """Canonical JSON as documented, without the package."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def entries() -> list[Entry]:
    columns: Any = ({"name": "student", "type": "string"}, {"name": "score", "type": "double"})
    return [
        Entry(path="notes/réadme.txt", digest=Digest("blake3", "1" * 64), size=12),
        Entry(path="run.sh", digest=Digest("blake3", "2" * 64), size=0, executable=True),
        Entry(path="raw.csv", digest=Digest("blake3", "3" * 64), size=7, columns=columns),
        Entry(
            path="scores.parquet",
            kind="table",
            digest=Digest("blake3-table", "4" * 64),
            size=2048,
            rows=3,
            columns=columns,
            blob=Digest("blake3", "5" * 64),
        ),
        Entry(path="far.bin", kind="reference", uri="s3://bucket/far.bin", checksum="etag:abc", size=9),
    ]


MANIFEST = manifest.build(entries())
METADATA: dict[str, Any] = {
    "rows": 3,
    "ratio": 0.1,
    "whole": 1.0,
    "clean": True,
    "who": "Zoë",
    "none": None,
    "inf": float("inf"),
}
SEAL = Seal(type="dataset", data_class="pseudonymous", manifest=MANIFEST.digest, metadata=METADATA)
STATEMENT = statement(
    name="math/student_data:v0",
    version=SEAL.digest,
    run="019de2d3-1a00-7000-8000-000000000000",
    started_at=NOON,
    made_at=NOON + 1,
    builder="rollbook-sdk/0.1.0",
    parameters={"lr": 0.1},
    environment={"python": "3.11.7"},
    code=Code(commit="c" * 40, entry="train.py", arguments=("--lr", "0.1")).to_json(),
    materials=[Material("math/raw:v1", Digest("sha256", "b" * 64), "dataset")],
)
ENTRY = audit.AuditEntry(
    sequence=0, at=NOON, actor="user:ana", action="alias.promote", resource="local/math/m:champion", details={"to": 1}
)
MADE = {
    "manifest_sealed": MANIFEST.sealed_bytes(),
    "manifest_stored": MANIFEST.stored_bytes(),
    "manifest_empty": manifest.build([]).sealed_bytes(),
    "seal": SEAL.canonical(),
    "statement": STATEMENT,
    "audit_entry": audit.canonical(ENTRY),
}


@pytest.mark.parametrize("name", MADE)
def test_bytes_never_change(name: str) -> None:
    assert MADE[name].decode() == GOLDEN[name]["bytes"]
    assert sha256(MADE[name]) == GOLDEN[name]["sha256"]


def test_the_file_holds_nothing_that_is_not_checked() -> None:
    assert set(GOLDEN) == {*MADE, "audit_leaf"}


def test_the_manifest_as_documented() -> None:
    columns = [{"name": "student", "type": "string"}, {"name": "score", "type": "double"}]
    lines: list[dict[str, Any]] = [
        {"format": "rollbook/manifest@1"},
        {"kind": "reference", "path": "far.bin", "size": 9, "uri": "s3://bucket/far.bin", "checksum": "etag:abc"},
        {"kind": "file", "path": "notes/réadme.txt", "digest": "blake3:" + "1" * 64, "size": 12},
        {"kind": "file", "path": "raw.csv", "digest": "blake3:" + "3" * 64, "size": 7, "columns": columns},
        {"kind": "file", "path": "run.sh", "digest": "blake3:" + "2" * 64, "size": 0, "executable": True},
        {
            "kind": "table",
            "path": "scores.parquet",
            "digest": "blake3-table:" + "4" * 64,
            "rows": 3,
            "columns": columns,
        },
    ]
    assert b"".join(plain(line) + b"\n" for line in lines) == MADE["manifest_sealed"]
    lines[-1] |= {"size": 2048, "blob": "blake3:" + "5" * 64}
    assert b"".join(plain(line) + b"\n" for line in lines) == MADE["manifest_stored"]


def test_the_seal_as_documented() -> None:
    record = {
        "format": "rollbook/version@1",
        "type": "dataset",
        "class": "pseudonymous",
        "manifest": "sha256:" + sha256(MADE["manifest_sealed"]),
        "metadata": METADATA | {"inf": {"$float": "Infinity"}},
    }
    assert plain(record) == MADE["seal"]
    assert str(SEAL.digest) == "sha256:" + sha256(plain(record))


def test_the_audit_entry_as_documented() -> None:
    record = {
        "format": "rollbook/audit@1",
        "sequence": 0,
        "at": "2026-05-01T12:00:00.000000Z",
        "actor": "user:ana",
        "action": "alias.promote",
        "resource": "local/math/m:champion",
        "details": {"to": 1},
    }
    assert plain(record) == MADE["audit_entry"]
    leaf = audit.leaf_hash(MADE["audit_entry"]).hex
    assert leaf == hashlib.sha256(b"\x00" + plain(record)).hexdigest() == GOLDEN["audit_leaf"]


def test_what_the_first_release_wrote_is_read() -> None:
    stored = GOLDEN["manifest_stored"]["bytes"].encode()
    assert manifest.read(stored) == MANIFEST
    seal = GOLDEN["seal"]["bytes"].encode()
    assert read_seal(seal, Digest.sha256(seal)) == SEAL
    assert encode(decode(GOLDEN["statement"]["bytes"])) == STATEMENT


@pytest.mark.parametrize(
    "change",
    [{"rows": 4}, {"clean": False}, {"whole": 1}, {"ratio": 0.1 + 2**-56}, {"new": 1}, {"who": "Zoe\u0308"}],
    ids=lambda change: next(iter(change)),
)
def test_one_metadata_key_is_another_version(change: dict[str, Any]) -> None:
    changed = Seal(type=SEAL.type, data_class=SEAL.data_class, manifest=SEAL.manifest, metadata=METADATA | change)
    assert changed.digest != SEAL.digest


def test_the_order_of_keys_is_not() -> None:
    turned = Seal(
        type=SEAL.type,
        data_class=SEAL.data_class,
        manifest=SEAL.manifest,
        metadata={key: METADATA[key] for key in reversed(METADATA)},
    )
    assert turned.digest == SEAL.digest


DOCUMENT = Path(__file__).parents[2] / "docs" / "formats" / "versions.md"


def test_the_document_shows_these_very_bytes() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for name in ("manifest_stored", "seal", "audit_entry"):
        for line in GOLDEN[name]["bytes"].splitlines():
            assert line in text, f"{name} in docs/formats/versions.md"
    for digest in (GOLDEN["manifest_sealed"]["sha256"], GOLDEN["seal"]["sha256"], GOLDEN["audit_leaf"]):
        assert digest in text


def test_the_references_of_the_document_can_be_read() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    table = text.partition("| reference | names |")[2].partition("\n\n")[0]
    examples = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    assert len(examples) >= 8
    for example in examples:
        parsed = reference.parse(example)
        assert reference.parse(str(parsed)) == parsed
