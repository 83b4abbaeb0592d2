"""Lineage: what a version was made from and what was made from it, to any depth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rollbook.app.found import locate
from rollbook.app.register import Register
from rollbook.catalog import Connection, memberships, projects, runs, walk
from rollbook.catalog.rows import RunRow
from rollbook.catalog.walk import Direction, NodeKey, Walk
from rollbook.model.errors import NotFound
from rollbook.model.facts import Edge, Lineage, Node
from rollbook.model.permission import Action, Resource, may

MAX_NODES = 2000
HIDDEN = "hidden"
"""Stands for name and type of what lies in a project that the actor may not read: that it is there is no secret."""


def lineage(
    register: Register, reference: str, project: str, *, up: bool = True, down: bool = True, depth: int | None = None
) -> Lineage:
    """The graph around a version or a run.

    Args:
        register: The register.
        reference: A version reference, or a run's id.
        project: Project at hand.
        up: Include what it was made from.
        down: Include what was made from it.
        depth: Steps in each direction; None for all.

    Raises:
        NotFound: Neither a version nor a run.
    """
    with register.catalog.read() as connection:
        start = _start(register, connection, reference, project)
        ways: list[Direction] = [way for way, wanted in (("origins", up), ("descendants", down)) if wanted]  # type: ignore[misc]
        walks = [walk.walk(connection, start, way, limit=MAX_NODES) for way in ways]
        distance = {start: 0}
        for way, found in zip(ways, walks, strict=True):
            for node, steps in found.depths.items():
                if depth is None or steps <= depth:
                    distance.setdefault(node, -steps if way == "origins" else steps)
        names = _names(register, connection, project, distance)
        return Lineage(
            root=_id(start),
            nodes=tuple(names[node] for node in distance),
            edges=_edges(walks, distance.keys()),
            complete=all(found.complete for found in walks),
        )


def _start(register: Register, connection: Connection, reference: str, project: str) -> NodeKey:
    try:
        return NodeKey("version", locate(register, connection, reference, project).version.key)
    except NotFound:
        run = runs.find(connection, register.project(connection, project), reference)
        if run is None:
            raise
        register.allow("run.read", project, reference)
        return NodeKey("run", run.key)


def _names(
    register: Register, connection: Connection, project: str, distance: Mapping[NodeKey, int]
) -> dict[NodeKey, Node]:
    named: dict[NodeKey, Node] = {}
    version_keys = [node.key for node in distance if node.kind == "version"]
    for membership in memberships.of_versions(connection, version_keys):
        node = NodeKey("version", membership.version.key)
        if not _may_see(register, "version.read", membership.project_name):
            continue
        prefix = "" if membership.project_name == project else f"{membership.project_name}/"
        named.setdefault(
            node,
            Node(
                id=_id(node),
                kind="version",
                name=prefix + membership.name,
                type=membership.version.type,
                depth=distance[node],
            ),
        )
    for key, run in _readable_runs(register, connection, distance).items():
        node, name = NodeKey("run", key), f"{run.name} ({run.short})"
        named[node] = Node(id=_id(node), kind="run", name=name, type=run.job_type or "run", depth=distance[node])
    for node in distance:
        if node not in named:
            named[node] = Node(id=_id(node), kind=node.kind, name=HIDDEN, type=HIDDEN, depth=distance[node])
    return named


def _readable_runs(register: Register, connection: Connection, nodes: Iterable[NodeKey]) -> dict[int, RunRow]:
    found = {node.key: runs.by_key(connection, node.key) for node in nodes if node.kind == "run"}
    where = projects.names(connection, {run.project for run in found.values()})
    return {key: run for key, run in found.items() if _may_see(register, "run.read", where[run.project])}


def _may_see(register: Register, action: Action, project: str) -> bool:
    return may(register.actor, action, Resource(register.actor.organisation, project))


def _edges(walks: Iterable[Walk], nodes: Iterable[NodeKey]) -> tuple[Edge, ...]:
    kept = set(nodes)
    flows = {flow: None for found in walks for flow in found.flows if flow.source in kept and flow.target in kept}
    return tuple(Edge(_id(flow.source), _id(flow.target), flow.role) for flow in flows)


def _id(node: NodeKey) -> str:
    return f"{node.kind}:{node.key}"
