"""Answers that travel: differences between versions, verifications, comparisons. Plain values, ready for JSON."""

from __future__ import annotations

from typing import Literal

import msgspec

from rollbook.model.canonical import JSON, encode
from rollbook.model.digest import Digest
from rollbook.model.document import to_document
from rollbook.model.errors import CorruptData
from rollbook.model.ledger import Look, NonInferiority, Standing

Change = Literal["added", "removed", "changed"]
Finding = Literal["damaged", "missing", "unchecked"]
_SHOWN = 3


class FileChange(msgspec.Struct, frozen=True, kw_only=True):
    """One path that differs between two versions. Sizes are bytes, None where the path is not there."""

    path: str
    change: Change
    old_size: int | None = None
    new_size: int | None = None


class TableChange(msgspec.Struct, frozen=True, kw_only=True):
    """How a table differs.

    Attributes:
        path: Path of the table in the new version; a table that was renamed is paired where only one was.
        columns_added: Names.
        columns_removed: Names.
        columns_retyped: Name, old type, new type.
        rows_old: Rows before.
        rows_new: Rows after.
        rows_added: Rows (or keys) that are new.
        rows_removed: Rows (or keys) that are gone.
        rows_changed: Keys whose values differ; 0 when compared without a key.
        key: Key columns, or empty when whole rows were compared.
        cells: How many cells changed in each column; empty without a key.
        samples: The first rows that came, went or changed, as objects with `kind`, `key` and `cells`.
    """

    path: str
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()
    columns_retyped: tuple[tuple[str, JSON, JSON], ...] = ()
    rows_old: int = 0
    rows_new: int = 0
    rows_added: int = 0
    rows_removed: int = 0
    rows_changed: int = 0
    key: tuple[str, ...] = ()
    cells: dict[str, int] = {}
    samples: tuple[JSON, ...] = ()


class MetadataChange(msgspec.Struct, frozen=True, kw_only=True):
    """One top-level metadata key that differs; a missing side is None with `change` saying so."""

    key: str
    change: Change
    old: JSON = None
    new: JSON = None


class VersionDiff(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that differs between two versions."""

    old: str
    new: str
    identical: bool
    files: tuple[FileChange, ...] = ()
    tables: tuple[TableChange, ...] = ()
    metadata: tuple[MetadataChange, ...] = ()
    type_change: tuple[str, str] | None = None
    class_change: tuple[str, str] | None = None


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a verification found.

    Attributes:
        finding: `damaged` (does not match its digest), `missing`, or `unchecked` (nothing to check it against).
        what: What it is, such as `student_data:v0 data.csv`.
        message: What is wrong.
    """

    finding: Finding
    what: str
    message: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """Outcome of a verification.

    Attributes:
        versions: Versions checked: seal, manifest, every entry.
        statements: Provenance statements checked against their digests.
        blobs: Blobs read and hashed.
        bytes: Bytes read.
        audit_entries: Audit entries checked against their leaf hashes and sequence.
        faults: What was found; empty of `damaged` and `missing` when all is well.
    """

    versions: int
    statements: int
    blobs: int
    bytes: int
    audit_entries: int
    faults: tuple[Fault, ...] = ()

    @property
    def damage(self) -> tuple[Fault, ...]:
        """Faults that mean loss: damaged or missing."""
        return tuple(fault for fault in self.faults if fault.finding != "unchecked")

    @property
    def ok(self) -> bool:
        """Whether everything that can be checked is right."""
        return not self.damage

    def raise_if_damaged(self) -> None:
        """Pass, or refuse.

        Raises:
            CorruptData: Something is damaged or missing; the message names the first few.
        """
        if self.damage:
            shown = "; ".join(f"{fault.what}: {fault.message}" for fault in self.damage[:_SHOWN])
            raise CorruptData(
                f"{len(self.damage)} faults: {shown}", hint="stop writing, restore from a backup, then verify again"
            )


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of `doctor`: what was looked at, whether it is well, and what to do where it is not."""

    check: str
    status: Literal["ok", "warn", "fail"]
    message: str
    hint: str = ""


class ComparedModel(msgspec.Struct, frozen=True, kw_only=True):
    """One evaluation in a comparison: its label, and the versions behind it by digest."""

    label: str
    evaluation: str
    evaluation_digest: Digest
    model: str
    model_digest: Digest | None
    dataset: str
    roster: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison that can be recomputed: inputs by digest, plan with seed, and the report.

    Attributes:
        models: What was compared, in the order asked for.
        plan: Metrics, groupings, level, replicates, seed, minimum sizes, correction.
        protocol: The protocol all evaluations share.
        n: Rows compared; None when withheld.
        n_students: Distinct students compared; None when withheld.
        metrics: Numbered metric definitions, such as `auc@1`.
        rows: Tidy table: one object per model, metric and group (value, low, high, n, n_students, method, status ...).
        gaps: Between-group gaps per model, metric and attribute, with interval and groups used.
        pairwise: Differences between models, with interval, p, adjusted p and minimum detectable difference.
        tied_sets: Per metric: the best model and all that the data cannot tell from it.
        best: Label of the best model on the first metric, or "" where none can be named.
        tied: Labels not distinguishable from the best, the best included.
        warnings: What a reader must know before believing the numbers.
        not_worse: Per metric with a margin: which models are not worse than the reference by more than that.
        standing: Whether the question was sealed before anybody looked.
        look: The report's place in the ledger of the dataset; None where the evaluations name no dataset.
        kept: The version that keeps this report, as `collection:vN`, or ""; no part of the report.
    """

    models: tuple[ComparedModel, ...]
    plan: dict[str, JSON]
    protocol: dict[str, JSON]
    n: int | None
    n_students: int | None
    metrics: tuple[str, ...]
    rows: tuple[dict[str, JSON], ...]
    gaps: tuple[dict[str, JSON], ...]
    pairwise: tuple[dict[str, JSON], ...]
    tied_sets: tuple[dict[str, JSON], ...]
    best: str
    tied: tuple[str, ...]
    warnings: tuple[str, ...]
    not_worse: tuple[NonInferiority, ...] = ()
    standing: Standing = Standing()
    look: Look | None = None
    kept: str = ""

    def canonical(self) -> bytes:
        """The report's canonical bytes; where it is kept does not count."""
        return encode({name: value for name, value in to_document(self).items() if name != "kept"})

    @property
    def digest(self) -> Digest:
        """SHA-256 of the canonical bytes."""
        return Digest.sha256(self.canonical())


class KeptReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report that is kept as a version.

    Attributes:
        reference: The version, as `collection:vN`.
        digest: Its digest.
        report: The comparison.
        html: The same as one HTML page that needs nothing else.
    """

    reference: str
    digest: Digest
    report: Comparison
    html: str


class ExploredMetric(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of one version on the students that a filter keeps.

    Attributes:
        model: Label of the version.
        metric: Its id.
        value: None when undefined.
        bound: The exact value is at most this far away; 0 when the value is exact.
        low: Lower end of the interval, or None.
        high: Upper end, or None.
        interval: How the interval was made; `pending` where it has to be computed from rows (`compare`).
    """

    model: str
    metric: str
    value: float | None
    bound: float
    low: float | None
    high: float | None
    interval: str


class Exploration(msgspec.Struct, frozen=True, kw_only=True):
    """Answers to one filter. No verdict follows from it: where intervals are pending, nothing is ranked.

    Attributes:
        models: Labels, in the order asked for.
        where: The filter.
        attributes: What can be filtered by, with its levels.
        n: Rows kept.
        n_pos: Rows kept whose truth is 1.
        n_students: Distinct students kept; at least so many where `n_students_exact` is False.
        n_students_exact: Whether students were counted exactly.
        rows: One per model and metric.
    """

    models: tuple[str, ...]
    where: dict[str, tuple[str, ...]]
    attributes: dict[str, tuple[str, ...]]
    n: int
    n_pos: int
    n_students: int
    n_students_exact: bool
    rows: tuple[ExploredMetric, ...]
