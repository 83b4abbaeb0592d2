"""Provenance statements as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rollbook.cli import words
from rollbook.cli.layout import Block, Facts, Heading


def shown(name: str, statements: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    """One part per statement: the run, its inputs, code, parameters and environment.

    Args:
        name: The version's qualified name.
        statements: Objects with `digest` and `statement` (in-toto Statement v1 with SLSA's provenance predicate).
    """
    yield Heading(f"{name}: {words.counted(len(statements), 'statement')}")
    for entry in statements:
        predicate: Mapping[str, Any] = entry["statement"]["predicate"]
        yield ""
        yield Heading(str(entry["digest"]))
        yield Facts(tuple((label, text) for label, text in _facts(predicate) if text))


def _facts(predicate: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    build, details = predicate["buildDefinition"], predicate["runDetails"]
    outer = build["externalParameters"]
    yield "run", details["metadata"].get("invocationId", "")
    yield "started", details["metadata"].get("startedOn", "")
    yield "made", details["metadata"].get("finishedOn", "")
    yield "with", details["builder"]["id"]
    yield "inputs", "\n".join(_material(item) for item in build["resolvedDependencies"])
    yield "code", _values(outer.get("code"))
    yield "parameters", _values(outer.get("parameters"))
    yield "environment", environment(build["internalParameters"].get("environment"))


def _values(facts: Mapping[str, Any] | None) -> str:
    return "\n".join(words.flattened(facts or {}))


def _material(item: Mapping[str, Any]) -> str:
    digest = next((f"{algorithm}:{digits}" for algorithm, digits in item["digest"].items()), "")
    return f"{item['name']}  {item['annotations']['type']}  {words.short(digest)}"


def environment(facts: Mapping[str, Any] | None) -> str:
    """Python, platform and how many packages, in a line; empty where nothing is known."""
    if not facts:
        return ""
    packages: Mapping[str, str] = facts.get("packages", {})
    known = [f"Python {facts['python']}"] if "python" in facts else []
    known += [str(facts[key]) for key in ("platform",) if key in facts]
    known += [f"{len(packages)} packages (all with --json)"] if packages else []
    return ", ".join(known)
