"""Plans: what will be asked of a dataset, sealed as a version before anybody looks at its labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import msgspec

from rollbook.app.asked import Asked, ask, differences
from rollbook.app.found import locate
from rollbook.app.register import Register
from rollbook.app.writing import commit_files
from rollbook.catalog import Connection
from rollbook.catalog.ledger import LookRow
from rollbook.catalog.rows import MembershipRow
from rollbook.compare.metrics import metric
from rollbook.compare.plan import ComparisonPlan
from rollbook.model.canonical import JSON, decode, encode
from rollbook.model.errors import InvalidInput
from rollbook.model.facts import Link, VersionFacts
from rollbook.model.ledger import PLAN, Standing

FORMAT = "rollbook/plan@1"
FILE = "plan.json"


class Sealed(NamedTuple):
    """A sealed plan: its version, what it asks, and the digest of the dataset that it is for."""

    version: MembershipRow
    asked: Asked
    dataset: str
    dataset_digest: str


def seal(register: Register, name: str, dataset: str, options: Mapping[str, Any], project: str) -> VersionFacts:
    """Seal a plan for a dataset, as a version of type `plan`. The same plan sealed again is the same version.

    Args:
        register: The register.
        name: Collection of the plan.
        dataset: The evaluation dataset.
        options: Those of `rollbook.app.comparison.compare`; the metrics must be named, the first is the primary one.
        project: Project at hand.

    Raises:
        InvalidInput: An option is wrong, or no metric is named.
        NotFound: There is no such dataset.
    """
    register.allow("version.write", project, name)
    asked = _checked(options)
    with register.catalog.read() as connection:
        found = locate(register, connection, dataset, project, "aggregate.read")
    document: dict[str, JSON] = {
        "format": FORMAT,
        "dataset": {"name": found.name, "digest": str(found.version.digest)},
        "asked": asked.document(),
        "test": "non-inferiority" if asked.margins else "difference",
    }
    link = Link("dataset", found.project_name, found.collection_name, found.version.digest)
    return commit_files(
        register, project, name, type=PLAN, files={FILE: encode(document)}, metadata={PLAN: document}, links=(link,)
    )


def _checked(options: Mapping[str, Any]) -> Asked:
    asked = ask(options)
    if not asked.metrics:
        raise InvalidInput("the plan names no metric", hint="name at least the primary one, for example auc")
    for name in asked.metrics:
        metric(name)
    plan_of(asked.with_metrics(""))
    return asked


def plan_of(asked: Asked, *, reference: str | None = None, suppress: bool = False) -> ComparisonPlan:
    """The engine's plan of what is asked; `reference` is the label of the version that the others are held against."""
    return ComparisonPlan(
        metrics=asked.metrics,
        by=asked.by,
        level=asked.level,
        n_boot=asked.n_boot,
        seed=asked.seed,
        suppress=suppress,
        correction=asked.correction,
        reference=reference,
        rows=asked.rows,
    )


def opened(register: Register, connection: Connection, reference: str, project: str) -> Sealed:
    """A sealed plan.

    Raises:
        NotFound: There is no such version.
        InvalidInput: It is no plan.
    """
    found = locate(register, connection, reference, project, "aggregate.read")
    metadata = cast("dict[str, Any]", decode(found.version.metadata))
    document = metadata.get(PLAN)
    if found.version.type != PLAN or not isinstance(document, dict):
        raise InvalidInput(f"{found.name} is a {found.version.type}, not a plan", hint="see 'rollbook plan seal'")
    try:
        told = cast("dict[str, Any]", document)
        return Sealed(found, ask(told["asked"]), told["dataset"]["name"], told["dataset"]["digest"])
    except (KeyError, TypeError) as error:
        raise InvalidInput(
            f"{found.name} cannot be read as a plan", hint="seal it with 'rollbook plan seal'"
        ) from error


def merged(sealed: Sealed | None, options: Mapping[str, Any]) -> Asked:
    """What is asked: the sealed plan's options, and those given where they say otherwise."""
    given = {name: value for name, value in options.items() if value is not None}
    if sealed is None:
        return ask(given)
    return ask(sealed.asked.document() | given)


def standing(sealed: Sealed | None, asked: Asked, dataset: MembershipRow | None, first: LookRow | None) -> Standing:
    """What a report may claim.

    Args:
        sealed: The plan that was named, or None.
        asked: What was asked.
        dataset: The dataset that the evaluations were made on, or None where they name none.
        first: The first look at it, or None where this one could not be entered.
    """
    if sealed is None:
        return Standing(reason="no plan was sealed")
    told = Standing(kind="confirmatory", plan=sealed.version.name, plan_digest=sealed.version.version.digest)
    reason = _objection(sealed, asked, dataset, first)
    return msgspec.structs.replace(told, kind="exploratory", reason=reason) if reason else told


def _objection(sealed: Sealed, asked: Asked, dataset: MembershipRow | None, first: LookRow | None) -> str:
    if dataset is None:
        return "the evaluations name no dataset, so nobody knows who looked before"
    if str(dataset.version.digest) != sealed.dataset_digest:
        return f"the plan was sealed for {sealed.dataset}, not for {dataset.name}"
    changed = differences(sealed.asked, asked)
    if changed:
        return f"it was asked otherwise than sealed: {', '.join(changed)}"
    if first is None:
        return "the register is read-only, so nobody knows of this look"
    if first.at <= sealed.version.version.created_at:
        return f"the plan was sealed after the first look at {dataset.name}"
    return ""
