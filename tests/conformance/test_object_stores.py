"""Every store and every wrapper passes the one suite that is shipped to authors of stores."""

from __future__ import annotations

import pytest

from rollbook.blobs import LocalStore, MemoryStore, ObjectStore, RetryingStore, VerifyingStore
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
