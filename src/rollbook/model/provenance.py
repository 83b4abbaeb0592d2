"""Provenance statements: where a version came from, in in-toto Statement form with SLSA's provenance predicate.

One statement per (version, run): a second run that makes the same thing adds a second statement, not a second version.
See https://github.com/in-toto/attestation (Statement v1) and https://slsa.dev/spec/v1.0/provenance.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rollbook.model import instant
from rollbook.model.canonical import JSON, encode
from rollbook.model.digest import Digest

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:rollbook:run@1"
BUILDER_PREFIX = "urn:rollbook:builder:"
"""A builder's id has to be a URI."""


class Material(msgspec.Struct, frozen=True):
    """An input of a run: a version by digest, and how it was asked for."""

    name: str
    digest: Digest
    type: str


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """The code that ran.

    Attributes:
        commit: Git commit, or "".
        remote: Git remote without credentials, or "".
        dirty: Whether the work tree differed from the commit.
        diff: SHA-256 of the uncommitted difference, when dirty.
        version: Digest of the code version that holds script, notebook or difference, when one was logged.
        entry: The script, notebook or module that was started.
        arguments: Its arguments, secrets redacted.
    """

    commit: str = ""
    remote: str = ""
    dirty: bool = False
    diff: Digest | None = None
    version: Digest | None = None
    entry: str = ""
    arguments: tuple[str, ...] = ()

    def to_json(self) -> dict[str, JSON]:
        """Plain JSON, empty facts left out."""
        facts: dict[str, JSON] = {
            "commit": self.commit,
            "remote": self.remote,
            "dirty": self.dirty,
            "diff": str(self.diff) if self.diff else "",
            "version": str(self.version) if self.version else "",
            "entry": self.entry,
            "arguments": list(self.arguments),
        }
        return {name: value for name, value in facts.items() if value not in ("", [], False)}


def statement(
    *,
    name: str,
    version: Digest,
    run: str,
    started_at: int,
    made_at: int,
    builder: str,
    parameters: JSON,
    environment: JSON,
    code: JSON,
    materials: Sequence[Material],
) -> bytes:
    """The canonical bytes of a statement; their SHA-256 names it."""
    dependencies: list[JSON] = [
        {"name": item.name, "digest": {item.digest.algorithm: item.digest.hex}, "annotations": {"type": item.type}}
        for item in sorted(materials, key=lambda item: (item.name, item.digest))
    ]
    return encode(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": name, "digest": {version.algorithm: version.hex}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "buildDefinition": {
                    "buildType": BUILD_TYPE,
                    "externalParameters": {"parameters": parameters, "code": code},
                    "internalParameters": {"environment": environment},
                    "resolvedDependencies": dependencies,
                },
                "runDetails": {
                    "builder": {"id": BUILDER_PREFIX + (builder or "unknown")},
                    "metadata": {
                        "invocationId": run,
                        "startedOn": instant.to_text(started_at),
                        "finishedOn": instant.to_text(made_at),
                    },
                },
            },
        }
    )
