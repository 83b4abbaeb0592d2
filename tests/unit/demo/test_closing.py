from __future__ import annotations

from rollbook.demo.closing import ancestry
from rollbook.model.facts import Edge, Lineage, Node


def _version(name: str) -> Node:
    return Node(id=name, kind="version", name=name, type="dataset", depth=0)


def _run(name: str) -> Node:
    return Node(id=name, kind="run", name=name, type="", depth=0)


def test_ancestors_are_indented_by_distance() -> None:
    graph = Lineage(
        "model:v0",
        (_version("model:v0"), _run("train"), _version("clean:v0"), _run("clean"), _version("raw:v0")),
        (
            Edge("raw:v0", "clean", "used"),
            Edge("clean", "clean:v0", "produced"),
            Edge("clean:v0", "train", "used"),
            Edge("train", "model:v0", "produced"),
        ),
    )
    assert ancestry(graph) == [("model:v0", "train"), ("  clean:v0", "clean"), ("    raw:v0", "")]


def test_a_version_made_twice_and_an_ancestor_used_twice_stand_once() -> None:
    nodes = (_version("m"), _run("r1"), _run("r2"), _version("a"), _version("b"), _run("s"), _version("raw"))
    edges = (
        *(Edge(source, run, "used") for run in ("r1", "r2") for source in ("a", "b")),
        Edge("r1", "m", "produced"),
        Edge("r2", "m", "produced"),
        *(Edge("s", made, "produced") for made in ("a", "b")),
        Edge("raw", "s", "used"),
    )
    assert ancestry(Lineage("m", nodes, edges)) == [
        ("m", "r1, and 1 more"),
        ("  a", "s"),
        ("    raw", ""),
        ("  b", "s"),
    ]
