"""What the API's description says beside routes and documents: errors, keys, projects in paths, requests sent again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

_ERROR: dict[str, Any] = {
    "type": "object",
    "title": "Error",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["kind", "message", "hint"],
            "properties": {
                "kind": {"type": "string", "description": "Stable word for the error."},
                "message": {"type": "string", "description": "What is wrong, with the offending value."},
                "hint": {"type": "string", "description": "The likely fix, or empty."},
            },
        }
    },
}
_KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key. HTTP Basic with any user name and the key as password is taken too.",
}
_ONCE = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
    "description": "A name for this request: sent again under the same name within a day, it is answered alike and not "
    "done twice.",
}
_SEGMENT = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"}
_PARAMETER = re.compile(r"\{(\w+)\}")
_CHANGING = frozenset({"post", "put", "patch", "delete"})


def complete(described: dict[str, Any]) -> dict[str, Any]:
    """The description with what holds for every route."""
    schemas = described["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Error"] = _ERROR
    for schema in schemas.values():
        if "description" in schema:
            schema["description"] = cleandoc(schema["description"])
    described["components"]["securitySchemes"] = {"key": _KEY}
    described["security"] = [{"key": []}]
    for path, method, operation in _operations(described):
        _complete_operation(path, method, operation)
    return described


def _operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _complete_operation(path: str, method: str, operation: dict[str, Any]) -> None:
    parameters: list[dict[str, Any]] = operation.setdefault("parameters", [])
    known = {parameter["name"] for parameter in parameters}
    missing = [name for name in _PARAMETER.findall(path) if name not in known]
    parameters[:0] = [{"name": name, "in": "path", "required": True, "schema": _SEGMENT} for name in missing]
    if method in _CHANGING and "{project}" in path:
        parameters.append(_ONCE)
    operation["responses"].pop("422", None)
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    operation["responses"]["default"] = {"description": "What is wrong", "content": content}
