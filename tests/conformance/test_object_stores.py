"""Every store and every wrapper passes the one suite that is shipped to authors of stores."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rollbook.blobs import LocalStore, MemoryStore, ObjectStore, RetryingStore, VerifyingStore, objectstore
from rollbook.blobs.objectstore import CloudStore
from rollbook.blobs.readahead import ReadAhead
from rollbook.blobs.tablecache import TableCache
from rollbook.testing.faults import Fault, FaultyStore
from rollbook.testing.stores import ObjectStoreConformance


def never_sleep(_: float) -> None:
    """Waits for nothing."""


class TestMemoryStore(ObjectStoreConformance):
    @pytest.fixture
    def store(self) -> ObjectStore:
        return MemoryStore()


class TestLocalStore(ObjectStoreConformance):
    @pytest.fixture
    def store(self, tmp_path) -> ObjectStore:
        return LocalStore(tmp_path / "new" / "store")


class TestVerifyingStore(ObjectStoreConformance):
    @pytest.fixture
    def store(self, tmp_path) -> ObjectStore:
        return VerifyingStore(LocalStore(tmp_path))


class TestRetryingStore(ObjectStoreConformance):
    @pytest.fixture
    def store(self, tmp_path) -> ObjectStore:
        return RetryingStore(LocalStore(tmp_path), never_sleep)


class TestRetryingOverFaults(ObjectStoreConformance):
    """Calls that fail once, before or after they took effect, are not noticed."""

    @pytest.fixture
    def store(self) -> ObjectStore:
        methods = ("create", "publish", "read_into", "size", "list", "settle", "delete")
        before = [Fault(method, nth=1) for method in methods]
        after = [Fault(method, nth=3, when="after") for method in methods]
        return RetryingStore(FaultyStore(MemoryStore(), *before, *after), never_sleep)


class TestFaultyStoreWithoutFaults(ObjectStoreConformance):
    @pytest.fixture
    def store(self) -> ObjectStore:
        return FaultyStore(MemoryStore())


class TestReadAhead(ObjectStoreConformance):
    @pytest.fixture
    def store(self) -> Iterator[ObjectStore]:
        made = ReadAhead(MemoryStore(), block=1000)
        yield made
        made.close()


class TestTableCache(ObjectStoreConformance):
    @pytest.fixture
    def store(self, tmp_path) -> ObjectStore:
        return TableCache(MemoryStore(), tmp_path / "tables")


class TestS3(ObjectStoreConformance):
    @pytest.fixture
    def store(self, s3_server, tmp_path, monkeypatch) -> ObjectStore:
        for name, value in s3_server.environment().items():
            monkeypatch.setenv(name, value)
        return CloudStore(s3_server.bucket(), tmp_path / "spool", allow_http=True)


class TestS3InParts(TestS3):
    """As if every object were too large for one request."""

    @pytest.fixture
    def store(self, s3_server, tmp_path, monkeypatch) -> ObjectStore:
        monkeypatch.setattr(objectstore, "SINGLE_BYTES", -1)
        for name, value in s3_server.environment().items():
            monkeypatch.setenv(name, value)
        return CloudStore(s3_server.bucket(), tmp_path / "spool", allow_http=True)
