"""Reports that are kept: a comparison as an immutable version, read by viewers, and computed again from its inputs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

import msgspec

from rollbook.app import comparison, evaluations, reporthtml
from rollbook.app.asked import Asked, ask
from rollbook.app.evaluations import EVALUATION, Found
from rollbook.app.found import locate
from rollbook.app.register import Register
from rollbook.app.versions import MAX_MANIFEST
from rollbook.app.writing import commit_files
from rollbook.catalog import Connection, lineage, memberships
from rollbook.catalog.rows import MembershipRow
from rollbook.compare import ComparisonPlan
from rollbook.model import manifest as manifests
from rollbook.model.canonical import JSON
from rollbook.model.digest import Digest
from rollbook.model.document import read_document, to_document
from rollbook.model.errors import CorruptData, Forbidden, InvalidInput, NotFound
from rollbook.model.facts import Link
from rollbook.model.ledger import REPORT, Recomputed
from rollbook.model.names import check_name
from rollbook.model.results import Comparison, KeptReport

FORMAT = "rollbook/report@1"
JSON_FILE = "report.json"
HTML_FILE = "report.html"
TOLERANCE = 1e-12
MAX_REPORT = 512 * 1024 * 1024
_SHOWN = 20
_NUMBERS = (
    "metrics",
    "protocol",
    "n",
    "n_students",
    "rows",
    "gaps",
    "pairwise",
    "tied_sets",
    "best",
    "tied",
    "warnings",
    "not_worse",
)
"""What follows from the inputs alone; the rest says which inputs, and when they were looked at."""


class _Tally(NamedTuple):
    numbers: int
    differences: list[str]


def compare(
    register: Register, references: Sequence[str], project: str, options: Mapping[str, Any], *, save: str = ""
) -> Comparison:
    """Compare, and keep the report where a name is given.

    A report that is kept withholds small groups, whoever makes it: viewers read it.

    Args:
        register: The register.
        references: As for `rollbook.app.comparison.compare`.
        project: Project at hand, to which the report is kept.
        options: As for `rollbook.app.comparison.compare`.
        save: Collection to keep the report in, or "".

    Raises:
        Forbidden: The actor may not make versions there.
    """
    if not save:
        return comparison.compare(register, references, project, options)
    register.allow("version.write", project, check_name(save, "collection"))
    report, found = comparison.ask(register, references, project, options, as_viewer=True)
    facts: dict[str, JSON] = {
        "format": FORMAT,
        "plan": report.plan,
        "standing": cast(JSON, to_document(report.standing)),
        "look": cast(JSON, to_document(report.look)),
        "best": report.best,
    }
    version = commit_files(
        register,
        project,
        save,
        type=REPORT,
        files={JSON_FILE: report.canonical(), HTML_FILE: reporthtml.page(report).encode()},
        metadata={REPORT: facts},
        links=_links(register, found, report, project),
    )
    return msgspec.structs.replace(report, kept=version.reference)


def _links(register: Register, found: Sequence[Found], report: Comparison, project: str) -> list[Link]:
    parts = [
        (relation, member)
        for item in found
        for relation, member in (
            (EVALUATION, item.evaluation),
            ("model", item.model),
            ("dataset", item.dataset),
            ("roster", item.roster),
        )
    ]
    links = [_link(relation, member) for relation, member in parts if member is not None]
    if report.standing.plan:
        with register.catalog.read() as connection:
            links.append(_link("plan", locate(register, connection, report.standing.plan, project, "aggregate.read")))
    return list(dict.fromkeys(links))


def _link(relation: str, member: MembershipRow) -> Link:
    return Link(relation, member.project_name, member.collection_name, member.version.digest)


def read(register: Register, reference: str, project: str) -> KeptReport:
    """A kept report, for everybody who may see comparisons.

    Raises:
        NotFound: There is no such version.
        InvalidInput: It is no report.
        Forbidden: It is about more students than those that the actor teaches.
    """
    with register.catalog.read() as connection:
        found = locate(register, connection, reference, project, "aggregate.read")
    report = _report(register, found)
    _check_students(register, found, report)
    html = _file(register, found, HTML_FILE).decode()
    return KeptReport(reference=found.name, digest=found.version.digest, report=report, html=html)


def _check_students(register: Register, found: MembershipRow, report: Comparison) -> None:
    taught = register.actor.segments_in(found.project_name)
    students = report.plan.get("students")
    about = set(cast("list[str]", students)) if isinstance(students, list) else None
    if taught is not None and (about is None or not about <= set(taught)):
        raise Forbidden(
            f"{found.name} is about more students than you teach", hint="'rollbook compare' counts yours only"
        )


def _report(register: Register, found: MembershipRow) -> Comparison:
    if found.version.type != REPORT:
        raise InvalidInput(
            f"{found.name} is a {found.version.type}, not a report", hint="keep one with 'rollbook compare --save'"
        )
    try:
        kept = read_document(_file(register, found, JSON_FILE), Comparison)
    except InvalidInput as error:
        raise CorruptData(f"{found.name} cannot be read: {error.message}", hint="run 'rollbook verify'") from error
    return msgspec.structs.replace(kept, kept=found.name)


def _file(register: Register, found: MembershipRow, path: str) -> bytes:
    manifest = manifests.read(register.blobs.read(found.version.manifest_blob, limit=MAX_MANIFEST))
    entry = manifest.find(path)
    if entry is None or entry.stored is None:
        raise CorruptData(f"{found.name} has no {path}", hint="it was not made by 'rollbook compare --save'")
    return register.blobs.read(entry.stored, limit=MAX_REPORT)


def recompute(register: Register, reference: str, project: str) -> Recomputed:
    """Compute a kept report again from its inputs, found by digest, and compare every number.

    Raises:
        NotFound: There is no such version, or an input is gone.
        InvalidInput: It is no report.
        CorruptData: The report cannot be read.
    """
    with register.catalog.read() as connection:
        found = locate(register, connection, reference, project)
        report = _report(register, found)
        inputs = _inputs(connection, found, report)
    again = _again(register, report, inputs)
    tally = _compared(report, again)
    return Recomputed(
        report=found.name,
        digest=found.version.digest,
        equal=not tally.differences,
        numbers=tally.numbers,
        differences=tuple(tally.differences[:_SHOWN]),
    )


def _inputs(connection: Connection, found: MembershipRow, report: Comparison) -> list[Found]:
    links = lineage.links_from(connection, found.version.key)
    keys = [link.target for link in links if link.relation == EVALUATION]
    members: dict[Digest, dict[str, MembershipRow]] = {}
    for member in memberships.of_versions(connection, keys):
        members.setdefault(member.version.digest, {}).setdefault(member.name, member)
    inputs: list[Found] = []
    for model in report.models:
        named = members.get(model.evaluation_digest)
        if named is None:
            raise NotFound(f"{found.name} is not linked to {model.evaluation}", hint="run 'rollbook verify'")
        member = named.get(model.evaluation) or next(iter(named.values()))
        inputs.append(evaluations.found_of(connection, member)._replace(label=model.label))
    return inputs


def _again(register: Register, report: Comparison, inputs: Sequence[Found]) -> Comparison:
    told = report.plan
    try:
        plan = msgspec.convert({name: told[name] for name in ComparisonPlan.__struct_fields__}, ComparisonPlan)
        options = {name: told.get(name) for name in ("reference", "where", "margins")}
        asked: Asked = ask(options)
        students = told.get("students")
        limit = tuple(str(segment) for segment in students) if isinstance(students, list) else None
    except (KeyError, msgspec.ValidationError) as error:
        raise CorruptData(f"the report's plan cannot be read: {error}", hint="run 'rollbook verify'") from error
    limits = {item.evaluation.project_name: limit for item in inputs}
    return comparison.computed(register, inputs, plan, asked, limits)


def _compared(kept: Comparison, again: Comparison) -> _Tally:
    numbers = 0
    differences: list[str] = []
    for name in _NUMBERS:
        for path, old, new in _leaves(name, to_document(getattr(kept, name)), to_document(getattr(again, name))):
            numbers += isinstance(old, int | float) and not isinstance(old, bool)
            if not _equal(old, new):
                differences.append(f"{path}: {old!r}, {new!r}")
    return _Tally(numbers, differences)


def _leaves(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Pairs of values at the same place; where the shapes differ, the whole values."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        mine, theirs = cast("dict[str, Any]", old), cast("dict[str, Any]", new)
        for name in mine:
            yield from _leaves(f"{path}.{name}", mine[name], theirs[name])
    elif isinstance(old, list) and isinstance(new, list) and len(cast("list[Any]", old)) == len(cast("list[Any]", new)):
        pairs = zip(cast("list[Any]", old), cast("list[Any]", new), strict=True)
        for index, (mine, theirs) in enumerate(pairs):
            yield from _leaves(f"{path}[{index}]", mine, theirs)
    else:
        yield path, old, new


def _equal(old: Any, new: Any) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        return math.isclose(old, new, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return type(old) is type(new) and bool(old == new)
