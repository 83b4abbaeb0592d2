"""The API's description as it is checked in: what changes about the API is seen in a diff."""

from __future__ import annotations

import json
from pathlib import Path

from rollbook.server.describe import description


def test_the_description_is_that_of_the_routes(root: Path) -> None:
    kept = (root / "docs" / "openapi.json").read_text(encoding="utf-8")
    assert json.loads(kept) == json.loads(description()), "python -m rollbook.server.describe > docs/openapi.json"


def test_every_operation_has_a_name_a_text_and_its_parameters(root: Path) -> None:
    described = json.loads((root / "docs" / "openapi.json").read_text(encoding="utf-8"))
    names: list[str] = []
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            names.append(operation["operationId"])
            assert operation["description"], (method, path)
            declared = {item["name"] for item in operation["parameters"] if item["in"] == "path"}
            assert declared == {part[1:-1] for part in path.split("/") if part.startswith("{")}
    assert len(names) == len(set(names))
