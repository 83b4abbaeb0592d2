"""Versions that the register makes itself, of a few small files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rollbook.app import commits
from rollbook.app.register import Register
from rollbook.model.canonical import JSON
from rollbook.model.facts import Link, NewVersion, Origin, VersionFacts
from rollbook.model.manifest import build, file_entry
from rollbook.model.release import __version__


def commit_files(
    register: Register,
    project: str,
    name: str,
    *,
    type: str,  # noqa: A002 - the register's word
    files: Mapping[str, bytes],
    metadata: dict[str, JSON],
    links: Sequence[Link],
) -> VersionFacts:
    """Make a version of files whose bytes are at hand.

    Raises:
        InvalidInput: A name or the metadata is not allowed.
        Conflict: The collection is of another type.
    """
    with register.blobs.writer() as writer:
        stored = {path: writer.add_bytes(content) for path, content in files.items()}
        writer.commit()
    entries = (file_entry(path, blob.digest, blob.size) for path, blob in stored.items())
    new = NewVersion(
        project=project,
        collection=name,
        type=type,
        manifest=build(entries),
        metadata=metadata,
        origin=Origin(builder=f"rollbook {__version__}"),
        links=tuple(links),
    )
    return commits.commit(register, new).version
