"""What documents look like, for the API's description: JSON Schema of structs, by the rule of `model.document`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import msgspec

from rollbook.model.document import is_instant

_TEMPLATE = "#/components/schemas/{name}"
_DIGEST = {"type": "string", "pattern": "^[a-z0-9-]+:[0-9a-f]{64}$", "example": "sha256:" + "0" * 64}
_INSTANT = {"type": "string", "format": "date-time"}


def schema_of(kind: Any) -> dict[str, Any]:
    """The schema of a type; structs in it are references to components."""
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_TEMPLATE)
    return schema


def components_of(kinds: Iterable[Any]) -> dict[str, Any]:
    """Every struct that the types use, by name."""
    _, components = msgspec.json.schema_components(list(kinds), ref_template=_TEMPLATE)
    spelled = {name: _spelled(schema) for name, schema in components.items()}
    return spelled | ({"Digest": _DIGEST} if "Digest" in spelled else {})


def _spelled(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with instants as text, as documents have them."""
    properties = cast("dict[str, dict[str, Any]]", schema.get("properties", {}))
    changed = {name: _instant(field) if is_instant(name) else field for name, field in properties.items()}
    return schema | {"properties": changed} if properties else schema


def _instant(field: dict[str, Any]) -> dict[str, Any]:
    optional = any(choice.get("type") == "null" for choice in field.get("anyOf", ()))
    return {"anyOf": [_INSTANT, {"type": "null"}]} if optional else _INSTANT
