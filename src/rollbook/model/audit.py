"""Audit entries: the canonical bytes that record an action, hashed as RFC 6962 leaves for a Merkle log to adopt."""

from __future__ import annotations

import hashlib

import msgspec

from rollbook.model import instant
from rollbook.model.canonical import JSON, encode
from rollbook.model.digest import Digest

FORMAT = "rollbook/audit@1"
_LEAF_PREFIX = b"\x00"


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One action, as it will be shown to an auditor.

    Attributes:
        sequence: Position in the organisation's log, from 0, dense.
        at: UTC microseconds.
        actor: Who acted, such as `user:ana` or `service:ci`.
        action: What was done, such as `alias.move`.
        resource: What it was done to, such as `local/math/math_tutor:champion`.
        details: Facts of the action: from, to, reason, digests. Never personal data of students.
    """

    sequence: int
    at: int
    actor: str
    action: str
    resource: str
    details: dict[str, JSON]


def canonical(entry: AuditEntry) -> bytes:
    """The bytes that are kept and hashed."""
    return encode(
        {
            "format": FORMAT,
            "sequence": entry.sequence,
            "at": instant.to_text(entry.at),
            "actor": entry.actor,
            "action": entry.action,
            "resource": entry.resource,
            "details": entry.details,
        }
    )


def leaf_hash(data: bytes) -> Digest:
    """RFC 6962 leaf hash: SHA-256 of a zero byte and the entry."""
    return Digest("sha256", hashlib.sha256(_LEAF_PREFIX + data).hexdigest())
