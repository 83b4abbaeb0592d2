"""The ledger of an evaluation dataset: every question that was asked of its labels, by whom, under which plan."""

from __future__ import annotations

from collections.abc import Sequence

from rollbook.app.evaluations import Found
from rollbook.app.found import locate
from rollbook.app.register import Register
from rollbook.catalog import Connection, ledger, memberships
from rollbook.catalog.ledger import LookRow
from rollbook.catalog.rows import MembershipRow
from rollbook.model.canonical import JSON, encode
from rollbook.model.digest import Digest
from rollbook.model.errors import FinalOpened
from rollbook.model.ledger import Ledger, LedgerEntry, Look
from rollbook.model.permission import Resource, may

SHOWN_LOOKS = 200
SHOWN_VERSIONS = 20
_HIDDEN = "hidden"


def question_of(found: Sequence[Found], asked: dict[str, JSON]) -> Digest:
    """What names a question for ever: the evaluations by digest, in any order, and all that is asked of them.

    The plan is no part of it, and whether small groups are withheld neither: the labels answer the same.
    """
    compared: list[JSON] = [*sorted(str(item.evaluation.version.digest) for item in found)]
    return Digest.sha256(encode({"evaluations": compared, "asked": asked}))


def dataset_of(found: Sequence[Found]) -> MembershipRow | None:
    """The dataset that compared evaluations share."""
    return found[0].dataset


def check(connection: Connection, dataset: MembershipRow | None, question: Digest) -> None:
    """Pass, or refuse another question to a dataset that answers one only.

    Raises:
        FinalOpened: It answered one before.
    """
    if dataset is None or not ledger.is_final(connection, dataset.version.key):
        return
    opened = ledger.first_look(connection, dataset.version.key)
    if opened is not None and ledger.find(connection, dataset.version.key, question) is None:
        raise FinalOpened(
            f"{dataset.name} is final, and was opened on look 1 by {opened.actor}",
            hint="the same comparison can be made again; for another question use another dataset",
        )


def enter(
    register: Register, found: Sequence[Found], question: Digest, *, kind: str, plan: MembershipRow | None = None
) -> Look | None:
    """Enter a look, unless the same question was asked before.

    Nothing is entered, and None is returned, where the evaluations name no dataset or the register is read-only.

    Args:
        register: The register.
        found: What was compared.
        question: `question_of` it.
        kind: `compare` or `explore`.
        plan: The sealed plan, or None.

    Raises:
        FinalOpened: The dataset answers one question only, and another was answered meanwhile.
    """
    dataset = dataset_of(found)
    if dataset is None:
        return None
    with register.catalog.read() as connection:
        before = ledger.find(connection, dataset.version.key, question)
        if before is not None:
            return _told(connection, dataset, before)
        if register.catalog.read_only and not ledger.is_final(connection, dataset.version.key):
            return None  # an archive is read, though nobody can write down that it was
    with register.catalog.write() as connection:
        row = _add(register, connection, dataset, found, question, kind, plan)
        return _told(connection, dataset, row)


def enter_exploration(register: Register, found: Sequence[Found]) -> None:
    """Enter that versions are explored, once for each set of versions, before any number is told.

    Raises:
        FinalOpened: The dataset answers one comparison only; filters are as many questions as one likes.
    """
    dataset = dataset_of(found)
    if dataset is None:
        return
    with register.catalog.read() as connection:
        final = ledger.is_final(connection, dataset.version.key)
    if final:
        raise FinalOpened(f"{dataset.name} is final: it answers one comparison", hint="explore another dataset")
    enter(register, found, question_of(found, {"explore": True}), kind="explore")


def _add(
    register: Register,
    connection: Connection,
    dataset: MembershipRow,
    found: Sequence[Found],
    question: Digest,
    kind: str,
    plan: MembershipRow | None,
) -> LookRow:
    ledger.hold(connection, dataset.version)
    check(connection, dataset, question)
    before = ledger.find(connection, dataset.version.key, question)
    if before is not None:
        return before
    resource = Resource(register.actor.organisation, dataset.project_name, dataset.collection_name)
    details: dict[str, JSON] = {
        "dataset": str(dataset.version.digest),
        "question": str(question),
        "kind": kind,
        "plan": str(plan.version.digest) if plan else None,
        "versions": len(found),
    }
    register.record(connection, register.project(connection, dataset.project_name), "dataset.look", resource, details)
    return ledger.add_look(
        connection,
        dataset.version,
        question,
        [(item.model or item.evaluation).version.key for item in found],
        kind=kind,
        plan=plan.version.key if plan else None,
        actor=register.actor.name,
        at=register.clock(),
    )


def _told(connection: Connection, dataset: MembershipRow, row: LookRow) -> Look:
    counted = ledger.counts(connection, dataset.version.key, number=row.number, at=row.at)
    return Look(
        dataset=dataset.name,
        dataset_digest=dataset.version.digest,
        number=row.number,
        versions=counted.versions,
        promotions=counted.promotions,
        looked_at=row.at,
    )


def read(register: Register, reference: str, project: str) -> Ledger:
    """The ledger of a dataset.

    Raises:
        NotFound: There is no such version.
        Forbidden: The actor may not see comparisons there.
    """
    with register.catalog.read() as connection:
        dataset = locate(register, connection, reference, project, "aggregate.read")
        key = dataset.version.key
        counted = ledger.counts(connection, key)
        rows = ledger.newest(connection, key, SHOWN_LOOKS)
        return Ledger(
            dataset=dataset.name,
            dataset_digest=dataset.version.digest,
            final=ledger.is_final(connection, key),
            looks=ledger.count(connection, key),
            versions=counted.versions,
            promotions=counted.promotions,
            entries=tuple(_entry(register, connection, row) for row in rows),
        )


def _entry(register: Register, connection: Connection, row: LookRow) -> LedgerEntry:
    compared = ledger.compared_in(connection, row.key)
    plan = _names(register, connection, [row.plan]) if row.plan is not None else ()
    return LedgerEntry(
        number=row.number,
        looked_at=row.at,
        actor=row.actor,
        kind=row.kind,
        versions=_names(register, connection, compared[:SHOWN_VERSIONS]),
        compared=len(compared),
        plan=plan[0] if plan else "",
        question=row.question,
    )


def _names(register: Register, connection: Connection, versions: Sequence[int]) -> tuple[str, ...]:
    """Versions by name, the first that each was given; those of projects that the actor may not read are hidden."""
    named: dict[int, str] = {}
    for item in memberships.of_versions(connection, list(versions)):
        place = Resource(register.actor.organisation, item.project_name)
        named.setdefault(item.version.key, item.name if may(register.actor, "aggregate.read", place) else _HIDDEN)
    return tuple(named[key] for key in versions if key in named)
