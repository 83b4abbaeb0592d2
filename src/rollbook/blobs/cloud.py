"""Blobs in an object store: what `Blobs` needs around a `CloudStore` to be quick and patient."""

from __future__ import annotations

import time
from pathlib import Path

from rollbook.blobs.blobs import Blobs
from rollbook.blobs.objectstore import CloudStore
from rollbook.blobs.readahead import ReadAhead
from rollbook.blobs.tablecache import TableCache
from rollbook.blobs.wrappers import RetryingStore

_ATTEMPTS, _FIRST_WAIT = 3, 0.2


def open_cloud(url: str, cache: Path, *, allow_http: bool = False, read_only: bool = False) -> Blobs:
    """Blobs below a prefix of a bucket.

    Args:
        url: For example `s3://bucket/prefix`.
        cache: Local folder for copies of index tables and for packs on their way up; may be deleted at any time.
        allow_http: Whether an endpoint may be spoken to without TLS.
        read_only: Refuse writers.

    Raises:
        InvalidInput: The URL or the service's settings cannot be used.
        MissingExtra: The library for object stores is not installed.
    """
    patient = RetryingStore(
        CloudStore(url, cache / "spool", allow_http=allow_http),
        time.sleep,
        attempts=_ATTEMPTS,
        first_wait=_FIRST_WAIT,
    )
    return Blobs(ReadAhead(patient), read_only=read_only, tables=TableCache(patient, cache / "tables"))
