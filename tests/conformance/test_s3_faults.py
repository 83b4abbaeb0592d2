"""What an object store may do to us, and what the caller hears."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rollbook.blobs import RetryingStore, objectstore
from rollbook.blobs.cloud import open_cloud
from rollbook.blobs.objectstore import CloudStore
from rollbook.blobs.store import read_exact
from rollbook.model.errors import CorruptData, InvalidInput, NotFound, StorageFull, Unavailable
from rollbook.testing.stores import put
from tests.services import s3

NAME = "packs/ab/ab12.pack"


class Forgetful:
    """A service whose first answer to some call is lost after it took effect."""

    def __init__(self, service: Any, method: str) -> None:
        self._service, self._method, self._left = service, method, 1

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._service, name)

        def call(*arguments: Any, **options: Any) -> Any:
            done = real(*arguments, **options)
            if name == self._method and self._left:
                self._left -= 1
                raise ConnectionResetError("the answer was lost")
            return done

        return call


@pytest.fixture
def store(cloud, tmp_path: Path) -> CloudStore:
    return CloudStore(cloud(), tmp_path / "spool", allow_http=True)


@pytest.mark.parametrize("single", [True, False])
def test_a_publication_whose_answer_was_lost_is_done_once(store, monkeypatch, single):
    if not single:
        monkeypatch.setattr(objectstore, "SINGLE_BYTES", -1)
    store.service = Forgetful(store.service, "put")
    put(RetryingStore(store, lambda _: None), NAME, b"bytes")
    assert bytes(read_exact(store, NAME, 0, 5)) == b"bytes"
    assert list(store.list("")) == [NAME]


def test_an_object_of_other_bytes_is_never_taken_for_ours(store):
    put(store, NAME, b"theirs")
    with pytest.raises(CorruptData, match="is not the object"):
        put(store, NAME, b"ours!!")
    assert bytes(read_exact(store, NAME, 0, 6)) == b"theirs"


@pytest.mark.parametrize("call", ["head", "get_range", "delete"])
def test_reading_and_deleting_may_be_repeated(store, call):
    put(store, NAME, b"bytes")
    store.service = Forgetful(store.service, call)
    patient = RetryingStore(store, lambda _: None)
    assert patient.size(NAME) == 5
    assert bytes(read_exact(patient, NAME, 0, 5)) == b"bytes"
    patient.delete(NAME)
    assert patient.size(NAME) is None


def test_a_key_that_may_only_read_says_so_when_it_writes(store, monkeypatch, tmp_path):
    put(store, NAME, b"bytes")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3.READER_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3.READER_SECRET)
    reader = CloudStore(store.url, tmp_path / "spool", allow_http=True)
    assert bytes(read_exact(reader, NAME, 0, 5)) == b"bytes"
    with pytest.raises(StorageFull, match=r"refuses access.*AccessDenied"):
        put(reader, "packs/new.pack", b"bytes")
    with pytest.raises(StorageFull, match="refuses access"):
        reader.delete(NAME)


def test_a_wrong_key_says_so(store, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    wrong = CloudStore(store.url, tmp_path / "spool", allow_http=True)
    with pytest.raises(Unavailable, match="refuses access") as caught:
        wrong.size(NAME)
    assert "credentials" in caught.value.hint
    assert "wrong" not in str(caught.value)


def test_a_bucket_that_does_not_exist_says_so(cloud, tmp_path):
    with pytest.raises(Unavailable, match="does not exist"):
        list(CloudStore("s3://nowhere/x", tmp_path, allow_http=True).list(""))


def test_plain_http_must_be_allowed(cloud, tmp_path):
    with pytest.raises(InvalidInput, match="plain http"):
        CloudStore(cloud(), tmp_path).size(NAME)


@pytest.mark.parametrize("url", ["s3://", "ftp://b/x", "s3://user:secret@b/x", "s3://b/../x?y", "s3://b//x", "b/x"])
def test_what_names_no_object_store_is_refused(tmp_path, url):
    with pytest.raises(InvalidInput, match="names no object store"):
        CloudStore(url, tmp_path)


@pytest.fixture
def failing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that answers everything with one status."""
    status, code = request.param

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = f"<Error><Code>{code}</Code></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = answer  # noqa: N815 - the library looks for these names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    yield "s3://books/x"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("failing", "error"),
    [((500, "InternalError"), Unavailable), ((503, "SlowDown"), Unavailable), ((507, "Full"), StorageFull)],
    indirect=["failing"],
)
def test_a_server_in_trouble(failing, tmp_path, error):
    store = CloudStore(failing, tmp_path, allow_http=True)
    with pytest.raises(error):
        put(store, NAME, b"x")
    with pytest.raises(Unavailable):
        store.size(NAME)
    with pytest.raises(Unavailable):
        read_exact(store, NAME, 0, 1)
    with pytest.raises(Unavailable):
        list(store.list(""))


@pytest.mark.parametrize("failing", [(404, "NoSuchKey")], indirect=True)
def test_what_is_not_there(failing, tmp_path):
    store = CloudStore(failing, tmp_path, allow_http=True)
    assert store.size(NAME) is None
    with pytest.raises(NotFound):
        read_exact(store, NAME, 0, 1)


def test_blobs_lie_in_a_bucket_and_another_process_finds_them(cloud, tmp_path):
    url, data = cloud(), bytes(range(256)) * 40_000
    with open_cloud(url, tmp_path / "one", allow_http=True) as blobs, blobs.writer() as writer:
        infos = [writer.add_bytes(data), writer.add_bytes(b"small")]
        writer.commit()
    with open_cloud(url, tmp_path / "two", allow_http=True) as other:
        assert b"".join(other.stream(infos[0].digest)) == data
        other.fetch([(infos[0].digest, tmp_path / "large"), (infos[1].digest, tmp_path / "small")])
        assert ((tmp_path / "large").read_bytes(), (tmp_path / "small").read_bytes()) == (data, b"small")
        assert list(other.verify()) == []
    assert not list((tmp_path / "one" / "spool").iterdir())
