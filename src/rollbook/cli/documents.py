"""From values to JSON documents with stable keys.

One rule for all: a struct becomes an object with its fields; a digest its text (`sha256:...`); a field that is called
`at` or ends in `_at` holds UTC microseconds and becomes RFC 3339 text; a float that JSON cannot write becomes null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from rollbook.model import instant
from rollbook.model.digest import Digest
from rollbook.model.facts import RunFacts, VersionFacts


def to_text(document: Mapping[str, Any]) -> str:
    """A document as indented JSON with a line end."""
    return json.dumps(to_plain(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def to_plain(value: Any) -> Any:
    """Plain JSON values, by the rule above."""
    if isinstance(value, Digest | Path):
        return str(value)
    if isinstance(value, msgspec.Struct):
        return {name: _field(name, getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in cast("Mapping[object, Any]", value).items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [to_plain(item) for item in cast("Sequence[Any]", value)]
    return value


def _field(name: str, value: Any) -> Any:
    if isinstance(value, int) and (name == "at" or name.endswith("_at")):
        return instant.to_text(value)
    return to_plain(value)


def version(facts: VersionFacts) -> dict[str, Any]:
    """A version: its facts, led by the reference that names it for ever."""
    return {"reference": f"{facts.project}/{facts.reference}", **to_plain(facts)}


def listed_run(facts: RunFacts) -> dict[str, Any]:
    """A run in a list: its facts without environment and code, which are long and the same for many."""
    return {name: value for name, value in to_plain(facts).items() if name not in ("environment", "code")}


def collection(facts: Mapping[str, Any]) -> dict[str, Any]:
    """A collection: its facts, its times as text."""
    return {name: _field(name, value) for name, value in facts.items()}
