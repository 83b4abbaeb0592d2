"""Looks at evaluation datasets: which question was asked of which one, in which order. Nothing here is ever changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, distinct, func, insert, select

from rollbook.catalog.execution import add, builder, every, first, lock, scope
from rollbook.catalog.ledger_schema import look_versions, looks
from rollbook.catalog.rows import VersionRow
from rollbook.catalog.schema import alias_moves, memberships, notes, versions
from rollbook.model.digest import Digest
from rollbook.model.ledger import FINAL


class LookRow(msgspec.Struct, frozen=True, kw_only=True):
    """One question to a dataset; `dataset` and `plan` are keys of versions."""

    key: int
    organisation: int
    project: int
    dataset: int
    number: int
    question: Digest
    kind: str
    plan: int | None
    actor: str
    at: int


class Counts(msgspec.Struct, frozen=True):
    """Versions compared on a dataset, and promotions decided on it."""

    versions: int
    promotions: int


_look = builder(LookRow)


def find(connection: Connection, dataset: int, question: Digest) -> LookRow | None:
    """The look at which this question was first asked of the dataset with this key."""
    return first(connection, select(looks).where(looks.c.dataset == dataset, looks.c.question == question), _look)


def first_look(connection: Connection, dataset: int) -> LookRow | None:
    """The first look at the dataset with this key."""
    return first(connection, select(looks).where(looks.c.dataset == dataset, looks.c.number == 1), _look)


def count(connection: Connection, dataset: int) -> int:
    """Looks at the dataset with this key."""
    return connection.execute(select(func.count()).where(looks.c.dataset == dataset)).scalar_one()


def hold(connection: Connection, dataset: VersionRow) -> None:
    """Make others who look at this dataset wait until the transaction ends."""
    lock(connection, versions, dataset.key)


def add_look(
    connection: Connection,
    dataset: VersionRow,
    question: Digest,
    compared: Sequence[int],
    *,
    kind: str,
    plan: int | None,
    actor: str,
    at: int,
) -> LookRow:
    """Enter the next look.

    Args:
        connection: A writing transaction that holds the dataset.
        dataset: What was looked at.
        question: What was asked; not asked before.
        compared: Keys of the versions that were compared.
        kind: `compare` or `explore`.
        plan: Key of the sealed plan, or None.
        actor: Who asked.
        at: UTC microseconds.
    """
    facts: dict[str, Any] = scope(dataset) | {"dataset": dataset.key, "number": count(connection, dataset.key) + 1}
    facts |= {"question": question, "kind": kind, "plan": plan, "actor": actor, "at": at}
    look = LookRow(key=add(connection, looks, facts), **facts)
    rows = [scope(dataset) | {"look": look.key, "version": version} for version in dict.fromkeys(compared)]
    connection.execute(insert(look_versions), rows)
    return look


def counts(connection: Connection, dataset: int, *, number: int | None = None, at: int | None = None) -> Counts:
    """Counts up to and with a look, and until an instant; of all time where these are None."""
    joined = look_versions.join(looks, look_versions.c.look == looks.c.key)
    seen = select(look_versions.c.version, func.min(looks.c.at).label("at")).select_from(joined)
    seen = seen.where(looks.c.dataset == dataset)
    if number is not None:
        seen = seen.where(looks.c.number <= number)
    compared = seen.group_by(look_versions.c.version).subquery()
    versions_ = connection.execute(select(func.count()).select_from(compared)).scalar_one()
    moved = alias_moves.join(memberships, alias_moves.c.to_membership == memberships.c.key).join(
        compared, compared.c.version == memberships.c.version
    )
    decided = select(func.count(distinct(alias_moves.c.key))).select_from(moved)
    decided = decided.where(alias_moves.c.action == "promote", alias_moves.c.at >= compared.c.at)
    if at is not None:
        decided = decided.where(alias_moves.c.at <= at)
    return Counts(versions_, connection.execute(decided).scalar_one())


def newest(connection: Connection, dataset: int, limit: int) -> tuple[LookRow, ...]:
    """The newest looks at the dataset with this key, the newest first."""
    query = select(looks).where(looks.c.dataset == dataset).order_by(looks.c.number.desc()).limit(limit)
    return every(connection, query, _look)


def compared_in(connection: Connection, look: int) -> tuple[int, ...]:
    """Keys of the versions that were compared at the look with this key."""
    query = select(look_versions.c.version).where(look_versions.c.look == look).order_by(look_versions.c.version)
    return tuple(connection.execute(query).scalars())


def is_final(connection: Connection, dataset: int) -> bool:
    """Whether the dataset with this key is tagged `final`; taking the tag off after the first look does not help."""
    opened = first_look(connection, dataset)
    removed = _final_tags(connection, dataset)
    return any(at is None or (opened is not None and at >= opened.at) for at in removed)


def _final_tags(connection: Connection, dataset: int) -> Sequence[int | None]:
    where = (notes.c.version == dataset, notes.c.kind == "tag", notes.c.value == FINAL)
    return [at for (at,) in connection.execute(select(notes.c.removed_at).where(*where))]
