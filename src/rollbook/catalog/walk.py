"""Lineage to any depth: everything that a version was made from, or everything that was made from it.

Level by level, with two or three queries each, whatever the width of the level; every node is visited once, so a run
that produced what it used is no trap, and the number of nodes is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import Column, Connection, Table, select

from rollbook.catalog.schema import edges, version_links
from rollbook.model.errors import InvalidInput

NODE_LIMIT = 10_000
"""Most nodes of one walk."""

Direction = Literal["origins", "descendants"]
_KEYS_PER_QUERY = 500


class NodeKey(NamedTuple):
    """A run or a version, by key."""

    kind: Literal["run", "version"]
    key: int


class Flow(NamedTuple):
    """`source` flowed into `target`: a used version into a run, a run into its product, a model into its evaluation.

    `role` is `used`, `produced` or the relation of a version link.
    """

    source: NodeKey
    target: NodeKey
    role: str


class Walk(msgspec.Struct, frozen=True):
    """What a walk found.

    Attributes:
        depths: Every node with its distance from the start, the nearest first; the start has 0.
        flows: Every flow between two of these nodes that the walk followed.
        complete: False where the bound on nodes cut the walk.
    """

    depths: dict[NodeKey, int]
    flows: tuple[Flow, ...]
    complete: bool


def walk(connection: Connection, start: NodeKey, direction: Direction, *, limit: int = 1000) -> Walk:
    """Follow lineage from a run or version.

    Args:
        connection: The transaction; a reading one sees one moment.
        start: Where to begin.
        direction: `origins`: what it was made from; `descendants`: what was made from it.
        limit: Most nodes to visit, the start included.

    Raises:
        InvalidInput: The limit is not between 1 and `NODE_LIMIT`.
    """
    if not 1 <= limit <= NODE_LIMIT:
        raise InvalidInput(f"lineage limit {limit}", hint=f"between 1 and {NODE_LIMIT}")
    depths, flows, level, complete = {start: 0}, dict[Flow, None](), [start], True
    while level:
        following: list[NodeKey] = []
        for flow in _step(connection, level, direction):
            node = flow.source if direction == "origins" else flow.target
            if node not in depths:
                if len(depths) == limit:
                    complete = False
                    continue
                depths[node] = depths[level[0]] + 1
                following.append(node)
            flows[flow] = None
        level = following
    return Walk(depths, tuple(flows), complete)


def _step(connection: Connection, level: Sequence[NodeKey], direction: Direction) -> Iterator[Flow]:
    """The flows into (`origins`) or out of (`descendants`) the nodes of a level."""
    runs = [node.key for node in level if node.kind == "run"]
    versions = [node.key for node in level if node.kind == "version"]
    of_runs, of_versions = ("used", "produced") if direction == "origins" else ("produced", "used")
    near = version_links.c.source if direction == "origins" else version_links.c.target
    yield from _edges(connection, edges.c.run, runs, of_runs)
    yield from _edges(connection, edges.c.version, versions, of_versions)
    for row in _rows(connection, version_links, near, versions):
        yield Flow(NodeKey("version", row.target), NodeKey("version", row.source), row.relation)


def _edges(connection: Connection, column: Column[Any], keys: Sequence[int], role: str) -> Iterator[Flow]:
    for row in _rows(connection, edges, column, keys):
        if row.role == role:
            run, version = NodeKey("run", row.run), NodeKey("version", row.version)
            yield Flow(version, run, role) if role == "used" else Flow(run, version, role)


def _rows(connection: Connection, table: Table, column: Column[Any], keys: Sequence[int]) -> Iterator[Any]:
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        some = keys[start : start + _KEYS_PER_QUERY]
        yield from connection.execute(select(table).where(column.in_(some)).order_by(table.c.key))
