"""What backups hold, and what a register that moved brought along."""

from __future__ import annotations

import msgspec

from rollbook.model.results import Fault


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds.

    Attributes:
        format: Layout version.
        instance: Id of the register.
        at: When it was taken, UTC microseconds.
        catalog: File with names and facts.
        catalog_digest: SHA-256 of it.
        objects: File that lists the objects.
        objects_digest: SHA-256 of it.
        journals: Journals of runs.
        keys: Key files; 0 where they were not asked for.
        sent: Objects that this backup added.
        sent_bytes: Their size.
    """

    format: int
    instance: str
    at: int
    catalog: str
    catalog_digest: str
    objects: str
    objects_digest: str
    journals: int
    keys: int
    sent: int
    sent_bytes: int


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What was copied and found.

    Attributes:
        data_dir: Data directory of the copy.
        organisations: Names of the organisations in it.
        tables: Table -> rows.
        objects: Objects that were sent.
        bytes: Their size.
        journals: Journals of runs in it.
        keys: Key files that were copied: pseudonym keys, and the pepper of API keys.
        keys_left: Key files that were not. Without them new rosters do not join old evaluations, and API keys are void.
        versions: Versions that were read back whole.
        faults: What the verification of the copy found.
    """

    data_dir: str
    organisations: tuple[str, ...]
    tables: dict[str, int]
    objects: int
    bytes: int
    journals: int
    keys: int
    keys_left: int
    versions: int
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged or missing."""
        return not any(fault.finding in ("damaged", "missing") for fault in self.faults)
