"""Discipline: looks at the labels of a dataset, plans sealed before them, and reports that are kept."""

from __future__ import annotations

from typing import Literal

import msgspec

from rollbook.model.canonical import JSON
from rollbook.model.digest import Digest

PLAN = "plan"
REPORT = "report"
FINAL = "final"
"""The tag of a dataset that answers one question only."""

Kind = Literal["confirmatory", "exploratory"]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a report may claim.

    Attributes:
        kind: `confirmatory` where the question was sealed before anybody looked, else `exploratory`.
        reason: Why it is only exploratory; "" where it is not.
        plan: The sealed plan, as `collection:vN`, or "".
        plan_digest: Its digest.
    """

    kind: Kind = "exploratory"
    reason: str = ""
    plan: str = ""
    plan_digest: Digest | None = None


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A report's place in the ledger of the dataset it was made on: the same for ever, however often it is made again.

    Attributes:
        dataset: The dataset, as `collection:vN`.
        dataset_digest: Its digest.
        number: Which question to the dataset this was; the first is 1.
        versions: Versions compared on the dataset up to and with this look.
        promotions: Promotions of such versions that were decided after a look at them, before this one.
        looked_at: UTC microseconds at which the question was first answered.
    """

    dataset: str
    dataset_digest: Digest
    number: int
    versions: int
    promotions: int
    looked_at: int

    def __str__(self) -> str:
        decided = f"{self.promotions} promotion{'' if self.promotions == 1 else 's'} decided on it"
        compared = f"{self.versions} version{'' if self.versions == 1 else 's'} compared so far"
        return f"look {self.number} on {self.dataset}; {compared}; {decided}"


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One look: who compared which versions when, under which plan.

    Attributes:
        number: Which question to the dataset this was.
        looked_at: UTC microseconds.
        actor: Who asked first.
        kind: `compare` or `explore`.
        versions: Models, or evaluations of no model, by name; the first 20.
        compared: How many they were.
        plan: The sealed plan, or "".
        question: Digest of what was asked.
    """

    number: int
    looked_at: int
    actor: str
    kind: str
    versions: tuple[str, ...]
    compared: int
    plan: str
    question: Digest


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The looks at a dataset, the newest first.

    Attributes:
        dataset: The dataset, as `collection:vN`.
        dataset_digest: Its digest.
        final: Whether it answers one question only.
        looks: Looks in all.
        versions: Versions compared in all.
        promotions: Promotions decided on it.
        entries: The newest looks, 200 at most.
    """

    dataset: str
    dataset_digest: Digest
    final: bool
    looks: int
    versions: int
    promotions: int
    entries: tuple[LedgerEntry, ...]


class NonInferiority(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a version is not worse than the reference by more than a margin.

    Attributes:
        model: Label of the version.
        versus: Label of the reference.
        metric: Metric id.
        margin: The largest loss that counts as none.
        worst: How far the version may lag at the interval's unfavourable end; negative where it leads; None where there
            is no interval.
        holds: Whether `worst` is below the margin; None where it cannot be said.
    """

    model: str
    versus: str
    metric: str
    margin: float
    worst: float | None
    holds: bool | None


class Recomputed(msgspec.Struct, frozen=True, kw_only=True):
    """A kept report, computed again from its inputs.

    Attributes:
        report: The report, as `collection:vN`.
        digest: Its digest.
        equal: Whether every number is the same, to 1e-12, and everything else exactly.
        numbers: Numbers compared.
        differences: The first 20 places that differ, each as `path: kept, computed`.
    """

    report: str
    digest: Digest
    equal: bool
    numbers: int
    differences: tuple[str, ...]


class SealDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan to seal: its name, the dataset it is for, and the options of a comparison."""

    name: str
    dataset: str
    plan: dict[str, JSON] = {}


class ReportDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kept report, by reference."""

    reference: str
