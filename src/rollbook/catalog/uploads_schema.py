"""The tables of uploads: what somebody has sent to a project and no version names yet.

Derived in a sense: losing a row means that its bytes are sent once more. Rows live for a day.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, PrimaryKeyConstraint, Table, UniqueConstraint

from rollbook.catalog.columns import Instant, Key, SafeText
from rollbook.catalog.schema import instant_column, key_column, metadata, to_column

uploads = Table(
    "uploads",
    metadata,
    key_column(),
    to_column("organisation", "organisations"),
    to_column("project", "projects"),
    Column("actor", SafeText(), nullable=False),
    Column("entries", Instant, nullable=False),
    Column("bytes", Instant, nullable=False),
    instant_column("renewed_at"),
    UniqueConstraint("project", "actor"),
)
"""One row per project and actor; `entries` and `bytes` count the rows of `upload_entries`, or a little more."""

upload_entries = Table(
    "upload_entries",
    metadata,
    to_column("organisation", "organisations"),
    to_column("project", "projects"),
    Column("upload", Key, ForeignKey("uploads.key"), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("size", Instant, nullable=False),
    instant_column("expires_at"),
    PrimaryKeyConstraint("upload", "digest"),
    Index(None, "expires_at"),
)
"""Raw digests of chunks and blobs: thousands of rows per file, so they are kept small."""
