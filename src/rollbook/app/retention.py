"""Retention: which versions stay. Rules are set with a reason, previewed, and carried out as ordinary deletions.

Whatever a rule says, a version stays while an alias points to it, while a living version is linked to it, and while it
is the newest of its collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from rollbook.app.deletion import delete
from rollbook.app.found import facts_of
from rollbook.app.register import Register
from rollbook.catalog import Connection, collections, deletions, memberships
from rollbook.catalog import retention as rules_
from rollbook.catalog.rows import CollectionRow, MembershipRow, ProjectRow
from rollbook.catalog.walk import NODE_LIMIT, NodeKey, walk
from rollbook.model.canonical import decode, encode
from rollbook.model.document import from_document, to_document
from rollbook.model.errors import Conflict, InvalidInput, NotFound
from rollbook.model.facts import VersionFacts
from rollbook.model.permission import Actor
from rollbook.model.space import DAY, Kept, RetentionPreview, RetentionRule, RetentionSetting

_PAGE = 1000
_MOST = 100_000
"""A number of versions, or days, beyond which a rule is a mistake."""
WORKER = "system:retention"


class _Known(NamedTuple):
    """What the decision about a version needs to know beside the version."""

    linked: frozenset[int]
    used: frozenset[int]
    ever_aliased: frozenset[int]
    now: int


def put(
    register: Register, project: str, rule: RetentionRule | None, *, collection: str = "", reason: str = ""
) -> RetentionSetting:
    """Set the rule of a collection, or of all collections of a project without one of their own.

    Args:
        register: The register.
        project: Full name.
        rule: The rule, or None to take it away.
        collection: The collection, or "".
        reason: Why; kept for ever.

    Raises:
        InvalidInput: The rule would keep nothing by itself.
        NotFound: There is no such collection.
    """
    resource = register.allow("retention.write", project, collection)
    if rule is not None:
        _check(rule)
    text = "" if rule is None else encode(to_document(rule)).decode()
    with register.catalog.write() as connection:
        row = register.project(connection, project)
        if collection:
            collections.get(connection, row, collection)
        put_row = rules_.put(connection, row, collection, text, register.act(reason))
        details = {"rule": to_document(rule), "generation": put_row.generation, "reason": reason}
        register.record(connection, row, "retention.set", resource, details)
        return _setting(project, put_row)


def history(register: Register, project: str) -> list[RetentionSetting]:
    """Every rule that was ever set in a project, the newest first."""
    register.allow("space.read", project)
    with register.catalog.read() as connection:
        return [_setting(project, row) for row in rules_.history(connection, register.project(connection, project))]


def preview(register: Register, project: str) -> RetentionPreview:
    """What the rules of a project would delete now, and why each other version stays."""
    register.allow("space.read", project)
    with register.catalog.read() as connection:
        return RetentionPreview(
            applied=False, versions=_decide(register, connection, register.project(connection, project))
        )


def apply(register: Register, project: str) -> RetentionPreview:
    """Delete what the rules of a project no longer keep. Each deletion is audited, and can be taken back."""
    register.allow("retention.write", project)
    decided = preview(register, project).versions
    return RetentionPreview(applied=True, versions=tuple(_carry_out(register, project, one) for one in decided))


def apply_everywhere(register: Register) -> dict[str, int]:
    """Apply the rules of every project of every organisation; how many versions each deleted."""
    with register.catalog.read() as connection:
        found = rules_.names_of(connection, rules_.projects_with_rules(connection))
    deleted: dict[str, int] = {}
    for organisation, project in found:
        worker = replace(register, actor=Actor(WORKER, organisation, "owner"))
        done = apply(worker, project)
        deleted[f"{organisation}/{project}"] = sum(one.goes for one in done.versions)
    return deleted


def _check(rule: RetentionRule) -> None:
    if not (0 <= rule.keep_last <= _MOST and 0 <= rule.keep_days <= _MOST):
        raise InvalidInput(f"keep_last {rule.keep_last}, keep_days {rule.keep_days}", hint=f"0 to {_MOST:,}")
    if not (rule.keep_last or rule.keep_days):
        raise InvalidInput(
            "this rule would delete a version as soon as the next one is there",
            hint="say how many versions to keep (keep_last), or for how many days (keep_days)",
        )


def _carry_out(register: Register, project: str, one: Kept) -> Kept:
    if not one.goes:
        return one
    try:
        delete(register, one.reference, project, reason=one.why)
    except (Conflict, NotFound) as error:
        return Kept(reference=one.reference, goes=False, why=error.message, size=one.size)
    return one


def _decide(register: Register, connection: Connection, project: ProjectRow) -> tuple[Kept, ...]:
    standing = {name: _setting(project.name, row) for name, row in rules_.standing(connection, project).items()}
    if not standing:
        return ()
    linked = rules_.linked_versions(connection, project.organisation)
    used = _used(connection, project.organisation)
    decided: list[Kept] = []
    for collection in _collections(connection, project):
        setting = standing.get(collection.name) or standing.get("")
        if setting is not None:
            known = _Known(linked, used, deletions.ever_aliased(connection, collection), register.clock())
            decided += _decide_collection(register, connection, project, collection, setting, known)
    return tuple(decided)


def _collections(connection: Connection, project: ProjectRow) -> list[CollectionRow]:
    found: list[CollectionRow] = []
    after = ""
    while True:
        page = collections.list_page(connection, project, after=after, limit=_PAGE)
        found += page.items
        if page.next is None:
            return found
        after = page.next


def _used(connection: Connection, organisation: int) -> frozenset[int]:
    """Versions from which aliased ones were made."""
    found: set[int] = set()
    for version in rules_.aliased_versions(connection, organisation):
        if version in found:
            continue
        walked = walk(connection, NodeKey("version", version), "origins", limit=NODE_LIMIT)
        if not walked.complete:
            raise InvalidInput(
                f"an aliased version was made from more than {NODE_LIMIT:,} runs and versions", hint="delete by hand"
            )
        found |= {node.key for node, depth in walked.depths.items() if node.kind == "version" and depth}
    return frozenset(found)


def _decide_collection(
    register: Register,
    connection: Connection,
    project: ProjectRow,
    collection: CollectionRow,
    setting: RetentionSetting,
    known: _Known,
) -> list[Kept]:
    decided: list[Kept] = []
    before: int | None = None
    rank = 0
    while True:
        page = memberships.list_page(connection, project, collection=collection, before=before, limit=_PAGE)
        for row, facts in zip(page.items, facts_of(register, connection, page.items), strict=True):
            why = why_kept(setting, row, facts, rank, known)
            gone = f"no rule keeps it ({_name(setting)})"
            decided.append(Kept(reference=row.name, goes=not why, why=why or gone, size=facts.size))
            rank += 1
        if page.next is None:
            return decided
        before = page.next


def why_kept(setting: RetentionSetting, row: MembershipRow, facts: VersionFacts, rank: int, known: _Known) -> str:
    """Why a version stays, or ""."""
    rule = setting.rule or RetentionRule()
    tags = set(facts.tags) if "*" in rule.keep_tags else set(facts.tags) & set(rule.keep_tags)
    reasons: Mapping[str, bool] = {
        f"alias {', '.join(facts.aliases)}": bool(facts.aliases),
        "the newest of its collection": rank == 0,
        "another version is linked to it": row.version.key in known.linked,
        f"one of the newest {rule.keep_last}": rank < rule.keep_last,
        f"younger than {rule.keep_days} days": known.now - row.added_at < rule.keep_days * DAY,
        "an alias pointed to it": rule.keep_aliased and row.key in known.ever_aliased,
        "something aliased was made from it": rule.keep_used and row.version.key in known.used,
        f"tag {', '.join(sorted(tags))}": bool(tags),
    }
    return next((why for why, holds in reasons.items() if holds), "")


def _name(setting: RetentionSetting) -> str:
    return f"rule {setting.generation} of {setting.collection or 'the project'}"


def _setting(project: str, row: rules_.RuleRow) -> RetentionSetting:
    return RetentionSetting(
        project=project,
        collection=row.collection,
        generation=row.generation,
        rule=from_document(decode(row.rule), RetentionRule) if row.rule else None,
        at=row.at,
        actor=row.actor,
        reason=row.reason,
    )
