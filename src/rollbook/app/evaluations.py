"""Evaluations: finding those that a comparison needs, and loading them with the roster's attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from rollbook import tables
from rollbook.app.found import locate
from rollbook.app.register import Register
from rollbook.app.versions import MAX_MANIFEST
from rollbook.catalog import Connection, evaluations, lineage, memberships
from rollbook.catalog.rows import MembershipRow
from rollbook.model import manifest as manifests
from rollbook.model.canonical import JSON, decode
from rollbook.model.digest import Digest
from rollbook.model.errors import InvalidInput, NotFound, UnlikeProtocols
from rollbook.model.evaluation import GROUP_PREFIX
from rollbook.model.results import ComparedModel

EVALUATION = "evaluation"
_PER_MODEL = ("threshold",)
"""Part of how a model decides, not of how it was tested: models may differ in it and still be compared."""


class Found(NamedTuple):
    """An evaluation and what it belongs to; a link that was not given is None."""

    label: str
    evaluation: MembershipRow
    model: MembershipRow | None
    dataset: MembershipRow | None
    roster: MembershipRow | None

    @property
    def protocol(self) -> dict[str, JSON]:
        """The declared protocol as it was sealed."""
        metadata = cast("dict[str, Any]", decode(self.evaluation.version.metadata))
        return dict(metadata.get(EVALUATION, {}).get("protocol", {}))

    @property
    def shared_protocol(self) -> dict[str, JSON]:
        """What must agree before two evaluations may be ranked."""
        return {name: value for name, value in self.protocol.items() if name not in _PER_MODEL}

    def facts(self) -> ComparedModel:
        """How a report names its inputs."""
        return ComparedModel(
            label=self.label,
            evaluation=self.evaluation.name,
            evaluation_digest=self.evaluation.version.digest,
            model=self.model.name if self.model else "",
            model_digest=self.model.version.digest if self.model else None,
            dataset=self.dataset.name if self.dataset else "",
            roster=self.roster.name if self.roster else "",
        )


def find(register: Register, connection: Connection, references: Sequence[str], project: str) -> list[Found]:
    """The evaluations that references name: themselves, or those of the models they name.

    A model with several evaluations takes part with the newest under a protocol and dataset that all models share.

    Raises:
        NotFound: A model has no evaluation.
        UnlikeProtocols: The models have no protocol and dataset in common.
        InvalidInput: A reference stands twice.
    """
    choices = [_choices(register, connection, reference, project) for reference in references]
    common = {_setting(found) for found in choices[0]}
    for options in choices[1:]:
        common &= {_setting(found) for found in options}
    if not common:
        raise UnlikeProtocols(
            f"these models were never evaluated alike: {_differences(choices)}",
            hint="evaluate them on the same dataset with the same protocol",
        )
    newest = max(common, key=lambda setting: max(f.evaluation.key for f in choices[0] if _setting(f) == setting))
    chosen = [max((f for f in options if _setting(f) == newest), key=lambda f: f.evaluation.key) for options in choices]
    return _labelled(chosen)


def _choices(register: Register, connection: Connection, reference: str, project: str) -> list[Found]:
    named = locate(register, connection, reference, project, "aggregate.read")
    if named.version.type == EVALUATION:
        return [found_of(connection, named)]
    rows = evaluations.of_model(connection, named.version)
    members = memberships.of_versions(connection, [row.version for row in rows])
    if not members:
        raise NotFound(
            f"{named.name} has no evaluation to compare",
            hint=f"run.log_evaluation(model={named.name!r}, dataset=..., predictions=...), or 'rollbook evaluate'",
        )
    return [found_of(connection, member, model=named) for member in members if member.deleted_at is None]


def found_of(connection: Connection, member: MembershipRow, model: MembershipRow | None = None) -> Found:
    """An evaluation with what it belongs to, labelled by its own name."""
    links = {link.relation: link.target for link in lineage.links_from(connection, member.version.key)}
    targets = {item.version.key: item for item in memberships.of_versions(connection, list(links.values()))[::-1]}
    linked = {relation: targets.get(key) for relation, key in links.items()}
    return Found(member.name, member, model or linked.get("model"), linked.get("dataset"), linked.get("roster"))


def _setting(found: Found) -> tuple[str, str]:
    dataset = str(found.dataset.version.digest) if found.dataset else ""
    return dataset, repr(sorted(found.shared_protocol.items()))


def _differences(choices: Sequence[Sequence[Found]]) -> str:
    first, *others = (options[-1] for options in choices)
    for other in others:
        mine, theirs = first.shared_protocol, other.shared_protocol
        keys = sorted(key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key))
        if keys:
            shown = ", ".join(f"{key} {mine.get(key)!r} and {theirs.get(key)!r}" for key in keys)
            return f"{first.evaluation.name} and {other.evaluation.name} differ in {shown}"
        if first.dataset != other.dataset:
            used = [item.dataset.name if item.dataset else "none" for item in (first, other)]
            return f"{first.evaluation.name} is on {used[0]}, {other.evaluation.name} on {used[1]}"
    return "their evaluations do not match one another"


def _labelled(chosen: Sequence[Found]) -> list[Found]:
    """Label by model where that tells them apart, else by evaluation."""
    models = [found.model.name if found.model else "" for found in chosen]
    by_model = all(models) and len(set(models)) == len(models)
    labels = models if by_model else [found.evaluation.name for found in chosen]
    if len(set(labels)) < len(labels):
        raise InvalidInput(f"a version stands twice: {', '.join(labels)}", hint="name each version once")
    return [found._replace(label=label) for found, label in zip(chosen, labels, strict=True)]


def load_table(register: Register, member: MembershipRow) -> Any:
    """The only table of a version, as Arrow.

    Raises:
        InvalidInput: The version has no table, or several.
    """
    manifest = manifests.read(register.blobs.read(member.version.manifest_blob, limit=MAX_MANIFEST))
    found = [entry for entry in manifest.entries if entry.path.endswith(tables.TABLE_SUFFIXES) and entry.stored]
    if len(found) != 1:
        raise InvalidInput(f"{member.name} has {len(found)} tables, not one", hint="log the table alone")
    stored = cast(Digest, found[0].stored)
    with register.blobs.open(stored) as stream:
        return tables.read_table(stream, found[0].path)


def attributes(table: Any, roster: Any | None, at: int) -> dict[str, Any]:
    """Student attributes per row, as arrays of labels: the evaluation's own `group:*` columns, and the roster's.

    Args:
        table: The evaluation.
        roster: Its roster, or None.
        at: UTC microseconds at which a roster with validity intervals is read, where the evaluation has no times.

    Raises:
        JoinMismatch: The roster names other students.
    """
    labels = {
        name.removeprefix(GROUP_PREFIX): table.column(name)
        for name in table.column_names
        if name.startswith(GROUP_PREFIX)
    }
    if roster is not None:
        labels |= tables.join_roster(table, roster, at_us=at)
    return {name: column.to_numpy(zero_copy_only=False) for name, column in labels.items()}
