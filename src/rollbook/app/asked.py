"""What is asked of a comparison: options as callers give them, checked, with every default written out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from rollbook.compare.plan import Correction, Rows
from rollbook.model.canonical import JSON, to_json
from rollbook.model.errors import InvalidInput

_DEFAULT_METRICS = {"binary": ("auc", "f1", "fpr"), "multiclass": ("accuracy",)}
_DEFAULT_NUMERIC = ("rmse", "mae", "bias")


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of a comparison.

    Attributes:
        metrics: Ids; the first is the primary one; empty for the usual ones of the task.
        by: Groupings, each of one attribute or several crossed.
        reference: The version that all others are also compared with, or None.
        where: Attribute to the value that rows must have.
        level: Confidence level.
        n_boot: Bootstrap replicates.
        seed: Seed of the bootstrap.
        rows: `identical` or `intersection`.
        correction: `holm`, `bh` or `none`.
        margins: Metric to the largest loss against the reference that counts as none.
    """

    metrics: tuple[str, ...] = ()
    by: tuple[tuple[str, ...], ...] = ()
    reference: str | None = None
    where: dict[str, str] = {}
    level: float = 0.95
    n_boot: int = 2000
    seed: int = 0
    rows: Rows = "identical"
    correction: Correction = "holm"
    margins: dict[str, float] = {}

    def __post_init__(self) -> None:
        for metric, margin in self.margins.items():
            if not (math.isfinite(margin) and margin > 0):
                raise InvalidInput(f"margin {margin} of {metric} is not above 0", hint="for example 0.005")
        if self.margins and self.reference is None:
            raise InvalidInput("a margin needs a version to be held against", hint="name it as the reference")

    def with_metrics(self, task: str) -> Asked:
        """The same with the usual metrics of a task where none are named.

        Raises:
            InvalidInput: A margin is given for a metric that is not asked for.
        """
        metrics = self.metrics or _DEFAULT_METRICS.get(task, _DEFAULT_NUMERIC)
        strange = sorted(set(self.margins) - set(metrics))
        if strange:
            raise InvalidInput(f"margin for {strange[0]!r}, which is not asked for", hint=f"of {', '.join(metrics)}")
        return msgspec.structs.replace(self, metrics=metrics)

    def document(self) -> dict[str, JSON]:
        """As plain JSON values."""
        plain: dict[str, JSON] = msgspec.to_builtins(self)
        return plain


def ask(options: Mapping[str, Any]) -> Asked:
    """Read options; one that is None counts as not given, and a grouping may be the name of its attribute.

    Raises:
        InvalidInput: An option does not exist, or its value is of the wrong kind.
    """
    known = Asked.__struct_fields__
    given = {name: value for name, value in options.items() if value is not None}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InvalidInput(f"unknown option {unknown[0]!r}", hint=f"one of {', '.join(sorted(known))}")
    try:
        return msgspec.convert(to_json(_shaped(given), "plan"), Asked)
    except (msgspec.ValidationError, AttributeError, TypeError) as error:
        raise InvalidInput(f"the plan cannot be read: {error}", hint="see 'rollbook compare --help'") from error


def _shaped(given: dict[str, Any]) -> dict[str, Any]:
    """The same with each grouping as a list and each level as text."""
    by = {"by": [[item] if isinstance(item, str) else item for item in given.get("by", ())]}
    where = {"where": {name: str(value) for name, value in given.get("where", {}).items()}}
    return given | by | where


def differences(sealed: Asked, asked: Asked) -> list[str]:
    """Names of the options in which what is asked is not what was sealed."""
    names = Asked.__struct_fields__
    return [name for name in names if getattr(sealed, name) != getattr(asked, name)]
