"""Manifests: one way to write them, nothing hidden in them, and damage that is always seen."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.model.canonical import JSON
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidInput, UnsupportedFormat
from rollbook.model.manifest import Entry, Manifest, build, file_entry, read

ONE = Digest("blake3", "1" * 64)
TWO = Digest("blake3", "2" * 64)
LOGICAL = Digest("blake3-table", "3" * 64)
COLUMNS: tuple[dict[str, JSON], ...] = ({"name": "student", "type": "string"}, {"name": "score", "type": "double"})

SEGMENT = st.text(st.characters(categories=["L", "N"], include_characters="._- "), min_size=1, max_size=6).filter(
    lambda part: part not in (".", "..")
)
PATHS = st.lists(SEGMENT, min_size=1, max_size=3).map("/".join)
DIGESTS = st.binary(min_size=32, max_size=32).map(lambda raw: Digest.of_raw("blake3", raw))


@st.composite
def entries(draw: st.DrawFn, path: str) -> Entry:
    kind = draw(st.sampled_from(["file", "table", "reference"]))
    size = draw(st.integers(0, 2**50))
    if kind == "file":
        return file_entry(path, draw(DIGESTS), size, executable=draw(st.booleans()))
    if kind == "reference":
        checksum = draw(st.sampled_from(["", "sha256:ab", "etag:x"]))
        return Entry(path=path, kind="reference", uri=f"s3://bucket/{path}", checksum=checksum, size=size)
    logical = Digest.of_raw("blake3-table", draw(DIGESTS).raw)
    rows = draw(st.integers(0, 10**9))
    return Entry(path=path, kind="table", digest=logical, size=size, rows=rows, columns=COLUMNS, blob=draw(DIGESTS))


def without_clashes(paths: list[str]) -> list[str]:
    return [path for path in paths if not any(other.startswith(path + "/") for other in paths)]


MANIFESTS = (
    st.lists(PATHS, unique=True, max_size=8)
    .map(without_clashes)
    .flatmap(lambda paths: st.tuples(*(entries(path) for path in paths)))
)


@given(MANIFESTS, st.randoms())
def test_order_of_adding_does_not_matter(parts: tuple[Entry, ...], random: Any) -> None:
    shuffled = list(parts)
    random.shuffle(shuffled)
    made = build(shuffled)
    assert made == build(parts)
    assert made.digest == build(parts).digest
    assert [entry.path.encode() for entry in made.entries] == sorted(entry.path.encode() for entry in parts)


@given(MANIFESTS)
def test_stored_bytes_read_back(parts: tuple[Entry, ...]) -> None:
    manifest = build(parts)
    again = read(manifest.stored_bytes())
    assert again == manifest
    assert again.digest == manifest.digest
    assert manifest.size == sum(entry.size or 0 for entry in parts)
    assert all(manifest.find(entry.path) == entry for entry in parts)
    assert manifest.find("no/such/path") is None


@given(MANIFESTS, st.data())
def test_a_flipped_bit_is_refused_or_another_manifest(parts: tuple[Entry, ...], data: st.DataObject) -> None:
    """What can still be read is never the same manifest: its digest, which the version's seal holds, differs."""
    stored = bytearray(build(parts).stored_bytes())
    position = data.draw(st.integers(0, len(stored) * 8 - 1))
    stored[position // 8] ^= 1 << position % 8
    try:
        changed = read(bytes(stored))
    except (CorruptData, UnsupportedFormat):
        return
    assert changed != build(parts)
    assert changed.stored_bytes() == bytes(stored)


@given(MANIFESTS.filter(len), st.data())
def test_a_cut_manifest_is_refused_or_shorter(parts: tuple[Entry, ...], data: st.DataObject) -> None:
    stored = build(parts).stored_bytes()
    cut = stored[: data.draw(st.integers(0, len(stored) - 1))]
    try:
        assert len(read(cut).entries) < len(parts)
    except CorruptData:
        return


@pytest.mark.parametrize(
    "change",
    [
        {"path": "b.csv"},
        {"digest": TWO},
        {"size": 11},
        {"executable": True},
        {"columns": COLUMNS},
        {"columns": COLUMNS[:1]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_fact_of_a_file_is_sealed(change: dict[str, Any]) -> None:
    entry = file_entry("a.csv", ONE, 10)
    assert build([entry]).digest != build([msgspec.structs.replace(entry, **change)]).digest


@pytest.mark.parametrize(
    "change",
    [{"uri": "s3://b/other"}, {"checksum": "etag:2"}, {"checksum": ""}, {"size": 9}],
    ids=str,
)
def test_every_fact_of_a_reference_is_sealed(change: dict[str, Any]) -> None:
    entry = Entry(path="a", kind="reference", uri="s3://b/a", checksum="etag:1", size=10)
    assert build([entry]).digest != build([msgspec.structs.replace(entry, **change)]).digest


def test_a_table_is_sealed_over_what_it_says_not_over_how_it_is_stored() -> None:
    entry = Entry(path="t.parquet", kind="table", digest=LOGICAL, size=10, rows=3, columns=COLUMNS, blob=ONE)
    written_elsewhere = msgspec.structs.replace(entry, size=11, blob=TWO)
    assert build([entry]).digest == build([written_elsewhere]).digest
    assert build([entry]).stored_bytes() != build([written_elsewhere]).stored_bytes()
    for change in ({"rows": 4}, {"columns": COLUMNS[::-1]}, {"digest": Digest("blake3-table", "4" * 64)}):
        assert build([entry]).digest != build([msgspec.structs.replace(entry, **change)]).digest  # type: ignore[arg-type]
    assert read(build([entry]).stored_bytes()).entries[0].stored == ONE


def test_where_bytes_lie() -> None:
    assert file_entry("a", ONE, 1).stored == ONE
    assert Entry(path="a", kind="reference", uri="s3://b/a").stored is None


def test_without_a_table_both_spellings_are_the_same_bytes() -> None:
    manifest = build([file_entry("a", ONE, 1), Entry(path="b", kind="reference", uri="s3://b/b", size=3)])
    assert manifest.sealed_bytes() == manifest.stored_bytes()


@pytest.mark.parametrize(
    ("paths", "why"),
    [
        (["a", "a"], "twice"),
        (["a", "a/b"], "both a file and a folder"),
        (["x/y/z", "x"], "both a file and a folder"),
        (["a/b", "a", "a!"], "both a file and a folder"),  # '!' sorts between 'a' and 'a/b'
        (["../a"], "'..'"),
        (["/etc/passwd"], "absolute"),
        (["a\nb"], "control"),
    ],
)
def test_paths_that_no_folder_can_hold_are_refused(paths: list[str], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        build(file_entry_unchecked(path) for path in paths)


def file_entry_unchecked(path: str) -> Entry:
    return Entry(path=path, digest=ONE, size=1)


def test_names_that_differ_in_case_or_composition_are_both_kept() -> None:
    manifest = build(file_entry(path, ONE, 1) for path in ("a.txt", "A.txt", "\u00e9", "e\u0301"))
    assert [entry.path for entry in read(manifest.stored_bytes()).entries] == ["A.txt", "a.txt", "e\u0301", "\u00e9"]


def test_nothing_can_be_moved_across_the_border_of_two_fields() -> None:
    """No two lists of entries have one spelling (nothing is joined without quoting)."""
    pairs = [
        ([("a", ONE)], [("a", ONE), ("b", TWO)]),
        ([("a b", ONE)], [("a", ONE), ("b", ONE)]),
        ([('a","size":1', ONE)], [("a", ONE)]),
        ([("aa:1", ONE)], [("a", ONE)]),
    ]
    for left, right in pairs:
        one, other = (build(file_entry(path, digest, 1) for path, digest in side) for side in (left, right))
        assert one.sealed_bytes() != other.sealed_bytes()


HEADER = b'{"format":"rollbook/manifest@1"}\n'
LINE_A = build([file_entry("a", ONE, 1)]).stored_bytes().splitlines(keepends=True)[1]
LINE_B = build([file_entry("b", ONE, 1)]).stored_bytes().splitlines(keepends=True)[1]


def test_an_empty_manifest_has_its_header() -> None:
    assert Manifest(()).stored_bytes() == HEADER
    assert read(HEADER) == Manifest(())


@pytest.mark.parametrize(
    "data",
    [
        *(
            b"",
            b"\n",
            b"{}\n",
            b"[]\n",
            b"null\n",
            b"not json\n",
            b"\xff\xfe\x00",
            b"[" * 100_000,
            HEADER + b"garbage\n",
        ),
        *(
            HEADER.rstrip(),
            HEADER + LINE_A.rstrip(),
            HEADER + LINE_A + b"\n",
            HEADER + b"\n" + LINE_A,
            HEADER + b"{}\n",
        ),
        *(
            HEADER + LINE_B + LINE_A,
            HEADER + LINE_A + LINE_A,
            HEADER + b" " + LINE_A,
            HEADER + LINE_A.replace(b":", b": "),
        ),
        *(HEADER + b'{"kind":"file","path":"a","note":"hidden"}\n', HEADER + b'{"kind":"file","path":7}\n'),
        *(
            HEADER + LINE_A.replace(b"blake3:1", b"blake3:g"),
            HEADER + LINE_A.replace(b"blake3:", b"md5:"),
            HEADER + b"[1]\n",
        ),
        HEADER + b'{"kind":"file","path":"a","path":"b"}\n',
        HEADER + b'{"kind":"file","path":"\\u0061"}\n',
    ],
    ids=lambda data: ascii(data[-40:]),
)
def test_anything_but_the_one_way_to_write_it_is_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptData) as caught:
        read(data)
    assert not isinstance(caught.value, UnsupportedFormat)
    assert caught.value.hint


@pytest.mark.parametrize(
    "data",
    [b'{"format":"rollbook/manifest@2"}\n', b'{"format":null}\n', HEADER + b'{"kind":"delta","path":"a"}\n'],
    ids=["newer", "none", "unknown kind"],
)
def test_what_a_newer_release_wrote_says_upgrade(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat) as caught:
        read(data)
    assert "upgrade" in caught.value.hint
