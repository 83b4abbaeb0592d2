"""Lineage as an indented tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rollbook.cli.layout import Block, Heading
from rollbook.model.facts import Edge, Lineage, Node

_BY_RUNS = ("used", "produced")


class _Walk(NamedTuple):
    """One direction of a graph: what a node leads to, with the role of each edge."""

    nodes: Mapping[str, Node]
    onward: Mapping[str, Sequence[tuple[str, str]]]
    seen: set[str]


def shown(lineage: Lineage, *, up: bool, down: bool) -> Iterator[Block]:
    """The tree in each direction asked for. What is reached twice is unfolded where it stands first."""
    nodes = {node.id: node for node in lineage.nodes}
    yield Heading(_named(nodes[lineage.root]))
    if up:
        yield from _direction("made from", lineage, nodes, upward=True)
    if down:
        yield from _direction("led to", lineage, nodes, upward=False)
    if not lineage.complete:
        yield "There is more than is shown: ask for less with --up, --down or --depth."


def _direction(title: str, lineage: Lineage, nodes: Mapping[str, Node], *, upward: bool) -> Iterator[Block]:
    onward: dict[str, list[tuple[str, str]]] = {}
    for edge in _told_once(lineage):
        here, there = (edge.target, edge.source) if upward else (edge.source, edge.target)
        onward.setdefault(here, []).append((there, edge.role))
    lines = list(_branches(_Walk(nodes, onward, {lineage.root}), lineage.root, ""))
    yield f"{title}:" if lines else f"{title}: nothing"
    yield from lines


def _told_once(lineage: Lineage) -> Iterator[Edge]:
    """The edges, without links between versions (an evaluation's model ...) that a run between them tells as well."""
    made: dict[str, list[str]] = {}
    for edge in lineage.edges:
        if edge.role == "produced":
            made.setdefault(edge.source, []).append(edge.target)
    by_runs = {(e.source, product) for e in lineage.edges if e.role == "used" for product in made.get(e.target, ())}
    for edge in lineage.edges:
        if edge.role in _BY_RUNS or (edge.source, edge.target) not in by_runs:
            yield edge


def _branches(walk: _Walk, here: str, indent: str) -> Iterator[str]:
    branches = [(there, role) for there, role in walk.onward.get(here, ()) if there in walk.nodes]
    for index, (there, role) in enumerate(branches):
        last = index == len(branches) - 1
        again = there in walk.seen
        unfolded = "  (see above)" if again and walk.onward.get(there) else ""
        relation = "" if role in _BY_RUNS else f"  as {role}"
        yield f"{indent}{'└─ ' if last else '├─ '}{_named(walk.nodes[there])}{relation}{unfolded}"
        if not again:
            walk.seen.add(there)
            yield from _branches(walk, there, f"{indent}{'   ' if last else '│  '}")


def _named(node: Node) -> str:
    return f"{'run ' if node.kind == 'run' else ''}{node.name}  {node.type}"
