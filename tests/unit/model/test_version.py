"""The seal: every fact of what a version is changes its digest, and nothing else does."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.model.canonical import encode
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidInput, UnsupportedFormat
from rollbook.model.manifest import Entry, build
from rollbook.model.version import DATA_CLASSES, FORMAT, Seal, check_data_class, check_metadata, read_seal

MANIFEST = Digest("sha256", "a" * 64)
METADATA = {"rows": 10, "clean": True, "steps": ["drop", {"fill": 0.5}]}
SEAL = Seal(type="dataset", data_class="internal", manifest=MANIFEST, metadata=METADATA)  # type: ignore[arg-type]

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
METADATAS: st.SearchStrategy[Any] = st.dictionaries(
    TEXT.filter(lambda key: key != "$float"),
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | TEXT,
    max_size=4,
)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "model"},
        {"data_class": "public"},
        {"manifest": Digest("sha256", "b" * 64)},
        {"metadata": {}},
        {"metadata": METADATA | {"rows": 11}},
        {"metadata": METADATA | {"rows": 10.0}},
        {"metadata": METADATA | {"clean": False}},
        {"metadata": METADATA | {"clean": 1}},
        {"metadata": METADATA | {"more": None}},
        {"metadata": METADATA | {"steps": ["drop", {"fill": 0.5000000000000001}]}},
        {"metadata": METADATA | {"steps": [{"fill": 0.5}, "drop"]}},
    ],
    ids=str,
)
def test_one_changed_fact_is_another_version(change: dict[str, Any]) -> None:
    assert msgspec.structs.replace(SEAL, **change).digest != SEAL.digest


def test_the_order_of_keys_is_not_a_fact() -> None:
    assert msgspec.structs.replace(SEAL, metadata=dict(reversed(METADATA.items()))).digest == SEAL.digest


def test_one_bool_in_one_row_changes_the_version() -> None:
    """The whole chain: the logical digest of a table, its manifest, the seal."""
    digests = []
    for bit in (b"\x00", b"\x01"):
        logical = Digest.of_raw("blake3-table", Digest.sha256(b"row 10,000" + bit).raw)
        blob = Digest("blake3", "c" * 64)
        manifest = build([Entry(path="t.parquet", kind="table", digest=logical, size=1, rows=20_000, blob=blob)])
        digests.append(Seal(type="dataset", data_class="internal", manifest=manifest.digest, metadata={}).digest)
    assert digests[0] != digests[1]


@given(METADATAS, st.sampled_from(DATA_CLASSES), st.sampled_from(["dataset", "model", "x"]))
def test_a_seal_reads_back_under_its_digest(metadata: Any, data_class: Any, kind: str) -> None:
    seal = Seal(type=kind, data_class=data_class, manifest=MANIFEST, metadata=metadata)
    again = read_seal(seal.canonical(), seal.digest)
    assert again.digest == seal.digest
    assert again.canonical() == seal.canonical()


@given(METADATAS, METADATAS)
def test_equal_seals_and_only_those_have_equal_digests(one: Any, other: Any) -> None:
    left, right = (msgspec.structs.replace(SEAL, metadata=metadata) for metadata in (one, other))
    assert (left.digest == right.digest) == (encode(one) == encode(other))


@given(st.integers(0, len(SEAL.canonical()) * 8 - 1))
def test_every_flipped_bit_is_seen(bit: int) -> None:
    data = bytearray(SEAL.canonical())
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(CorruptData) as caught:
        read_seal(bytes(data), SEAL.digest)
    assert str(SEAL.digest) in caught.value.message


@pytest.mark.parametrize("data", [b"", SEAL.canonical()[:-1], SEAL.canonical() + b" ", b"{}"], ids=len)
def test_cut_or_extended_seals_are_seen(data: bytes) -> None:
    with pytest.raises(CorruptData):
        read_seal(data, SEAL.digest)


def record(**changes: Any) -> bytes:
    facts = {"format": FORMAT, "type": "x", "class": "internal", "manifest": str(MANIFEST), "metadata": {}} | changes
    return encode({key: value for key, value in facts.items() if value is not ...})


@pytest.mark.parametrize(
    "data",
    [
        *(b"{}", b"[]", b"7", b"not json", b"\xff", b"[" * 100_000, record(manifest="md5:ab"), record(manifest=7)),
        *(record(type=...), record(metadata=...), record(**{"class": "secret"}), record(**{"class": ...})),
    ],
    ids=lambda data: ascii(data[:60]),
)
def test_a_hostile_seal_with_a_right_digest_is_corrupt_all_the_same(data: bytes) -> None:
    with pytest.raises(CorruptData):
        read_seal(data, Digest.sha256(data))


def test_a_newer_format_says_upgrade() -> None:
    data = record(format="rollbook/version@2")
    with pytest.raises(UnsupportedFormat) as caught:
        read_seal(data, Digest.sha256(data))
    assert "upgrade" in caught.value.hint


def test_data_classes() -> None:
    assert [check_data_class(name) for name in DATA_CLASSES] == ["public", "internal", "pseudonymous", "identifiable"]
    for name in ("", "Public", "secret", "internal "):
        with pytest.raises(InvalidInput, match="data class") as caught:
            check_data_class(name)
        assert "pseudonymous" in caught.value.hint


def test_metadata_is_bounded_to_one_mebibyte_of_canonical_bytes() -> None:
    check_metadata({"x": "y" * (1024 * 1024 - 8)})
    with pytest.raises(InvalidInput, match="1,048,577"):
        check_metadata({"x": "y" * (1024 * 1024 - 7)})
    with pytest.raises(InvalidInput, match="bytes"):
        check_metadata({"x": "é" * (512 * 1024)})
