"""References: recorded with their checksum, never fetched, never a place to leak a secret."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from typing import Any

import pytest

from rollbook.model.errors import InvalidInput, SourceUnreadable
from rollbook.sdk.references import entries


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a reference was followed to the network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("s3://bucket/data/train.parquet", "train.parquet"),
        ("gs://bucket/a%20b.csv", "a b.csv"),
        ("https://host/x/y.csv?versionId=3", "y.csv"),
        ("https://host/folder/", "folder"),
        ("abfss://container@account.dfs.example/a.csv", "a.csv"),
        ("http://169.254.169.254/latest/meta-data", "meta-data"),  # inert: stored, never opened
        ("http://h/x#/../../../canary", "x"),
    ],
)
def test_remote_references_are_kept_as_they_are(uri: str, path: str) -> None:
    (entry,) = entries(uri, None, "etag:abc", 7)
    assert (entry.path, entry.kind, entry.uri, entry.checksum, entry.size) == (path, "reference", uri, "etag:abc", 7)
    assert entry.stored is None


def test_no_checksum_has_to_be_said() -> None:
    (entry,) = entries("s3://b/k", None, False, None)
    assert entry.checksum == ""
    for missing in (None, "", True):
        with pytest.raises(InvalidInput, match="without a checksum") as caught:
            list(entries("s3://b/k", None, missing, None))  # type: ignore[arg-type]
        assert "checksum=False" in caught.value.hint


@pytest.mark.parametrize(
    "uri",
    [
        *(
            "",
            "bucket/key",
            "/etc/passwd",
            "C:\\data\\x.csv",
            "C:/data/x.csv",
            "s3://b/a b",
            "s3://b/\n",
            "s3://b/\x00",
        ),
        *("s3://b/\u202ecsv", "s3://b/\ud800", "http://[half/x", "s3://b/" + "x" * 4100),
    ],
    ids=lambda uri: ascii(uri)[:30],
)
def test_what_is_no_uri(uri: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        list(entries(uri, None, "etag:1", None))
    assert caught.value.hint
    str(caught.value).encode()


@pytest.mark.parametrize("uri", ["s3://bucket", "s3://bucket/", "https://host/..", "https://host/a%2f..%2f.."])
def test_a_uri_without_a_usable_name_needs_one(uri: str) -> None:
    with pytest.raises(InvalidInput):
        list(entries(uri, None, "etag:1", None))
    (entry,) = entries(uri, "folder/name", "etag:1", None)
    assert entry.path == "folder/name"


@pytest.mark.parametrize(
    "uri",
    [
        "https://ana:CANARY@host/x.csv",
        "https://CANARY@host/x.csv",
        "ftp://ana:CANARY@host/x.csv",
        "https://b.s3.example/x.csv?X-Amz-Date=1&X-Amz-Signature=CANARY",
        "https://b.s3.example/x.csv?x-amz-security-token=CANARY",
        "https://storage.example/x.csv?X-Goog-Signature=CANARY",
        "https://account.blob.example/x.csv?sv=1&sig=CANARY",
        "https://host/x.csv?token=CANARY",
    ],
)
def test_a_secret_is_not_sealed_for_ever_nor_shown(uri: str) -> None:
    with pytest.raises(InvalidInput, match="password or a signature") as caught:
        list(entries(uri, None, "etag:1", None))
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("size", [-1, -(2**40)])
def test_a_negative_size_is_refused(size: int) -> None:
    with pytest.raises(InvalidInput, match="size"):
        list(entries("s3://b/k", None, "etag:1", size))


@pytest.mark.parametrize("name", ["a.csv", "a b#c?.csv", "%41.csv", "é.csv"])
def test_local_files_are_read_for_checksum_and_size(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"x" * 3_000_000)
    (entry,) = entries(path.as_uri(), None, None, None)
    assert entry.path == name
    assert entry.checksum == "sha256:" + hashlib.sha256(b"x" * 3_000_000).hexdigest()
    assert entry.size == 3_000_000
    assert entry.uri == path.as_uri()
    localhost = path.as_uri().replace("file://", "file://localhost")
    assert [found.checksum for found in entries(localhost, None, None, None)] == [entry.checksum]


def test_a_local_folder_becomes_one_reference_per_file(tmp_path: Path) -> None:
    (tmp_path / "d" / "e").mkdir(parents=True)
    (tmp_path / "d" / "a.csv").write_text("a")
    (tmp_path / "d" / "e" / "b.csv").write_text("b")
    assert [entry.path for entry in entries((tmp_path / "d").as_uri(), None, None, None)] == ["a.csv", "e/b.csv"]
    assert [entry.path for entry in entries((tmp_path / "d").as_uri(), "raw/", None, None)] == [
        "raw/a.csv",
        "raw/e/b.csv",
    ]


@pytest.mark.parametrize("uri", ["file:", "file://", "file://host/etc/passwd", "file://10.0.0.1/share/x"])
def test_file_uris_that_name_no_local_file(uri: str) -> None:
    with pytest.raises(InvalidInput):
        list(entries(uri, None, None, None))


def test_marks_that_a_uri_would_cut_at_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("the wrong file")
    (tmp_path / "a#b.csv").write_text("the right file")
    for mark in "#?":
        with pytest.raises(InvalidInput, match=r"as_uri|'\?' or '#'"):
            list(entries(f"file://{tmp_path}/a{mark}b.csv", None, None, None))


def test_a_missing_local_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="does not exist"):
        list(entries((tmp_path / "no.csv").as_uri(), None, None, None))
