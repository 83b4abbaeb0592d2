"""From values to JSON documents with stable keys.

One rule for all, that of `rollbook.model.document`; and a float that JSON cannot write becomes null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, cast

from rollbook.model.document import to_document
from rollbook.model.facts import RunFacts, VersionFacts


def to_text(document: Mapping[str, Any]) -> str:
    """A document as indented JSON with a line end."""
    return json.dumps(to_plain(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def to_plain(value: Any) -> Any:
    """Plain JSON values, by the rule above."""
    return _finite(to_document(value))


def _finite(plain: Any) -> Any:
    if isinstance(plain, float) and not math.isfinite(plain):
        return None
    if isinstance(plain, dict):
        return {name: _finite(item) for name, item in cast("dict[str, Any]", plain).items()}
    if isinstance(plain, list):
        return [_finite(item) for item in cast("list[Any]", plain)]
    return plain


def version(facts: VersionFacts) -> dict[str, Any]:
    """A version: its facts, led by the reference that names it for ever."""
    return {"reference": f"{facts.project}/{facts.reference}", **to_plain(facts)}


def listed_run(facts: RunFacts) -> dict[str, Any]:
    """A run in a list: its facts without environment and code, which are long and the same for many."""
    return {name: value for name, value in to_plain(facts).items() if name not in ("environment", "code")}
