"""How both demos end: where the champion came from, whether all is intact, what to type next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from rollbook.demo.narrator import Narrator
from rollbook.demo.workshop import Workshop
from rollbook.model.digest import Digest
from rollbook.model.errors import NotFound
from rollbook.model.facts import Lineage


def stock(workshop: Workshop) -> set[Digest]:
    """Digests of all versions of the project; none where there is no data directory yet."""
    try:
        collections = workshop.api.collections()
    except NotFound:
        return set()
    return {version.digest for known in collections for version in workshop.api.artifacts(known.name)}


def lineage_and_verify(tell: Narrator, workshop: Workshop, reference: str) -> None:
    """Where a version came from; then every byte against its digest.

    Raises:
        CorruptData: Something is damaged.
    """
    tell.chapter(f"Where does {reference} come from, and is everything intact?")
    tell.table(("version", "made by the run"), ancestry(workshop.api.lineage(reference, down=False)), left=2)
    with tell.doing("verifying"):
        checked = workshop.api.verify()
    checked.raise_if_damaged()
    tell.say(
        f"Verified byte by byte: {checked.versions} versions, {checked.statements} provenance statements, "
        f"{checked.blobs} blobs ({checked.bytes / 1e6:.1f} MB), {checked.audit_entries} audit entries. No damage."
    )


def what_next(tell: Narrator, workshop: Workshop, before: set[Digest], commands: Sequence[tuple[str, str]]) -> None:
    """The commands a newcomer would type, and whether this was a repetition.

    Args:
        tell: Where to say it.
        workshop: The register.
        before: `stock` of before the story.
        commands: Commands and what they show.
    """
    if stock(workshop) == before:
        tell.say("All of it was here before, so there is no new version: the same content is the same version.")
    tell.chapter(f"Done in {tell.seconds:.0f} s. Type next")
    tell.type([(f"export ROLLBOOK_DATA={workshop.target}", ""), *commands])


def ancestry(graph: Lineage) -> list[tuple[str, str]]:
    """Versions and the runs that made them, nearest first, indented by distance.

    Args:
        graph: Walked upwards from a version.

    Returns:
        Pairs of a version (two spaces per step away from the root) and its first run, with the number of further runs.
    """
    nodes = {node.id: node for node in graph.nodes}
    sources: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        sources[edge.target].append(edge.source)
    lines: list[tuple[str, str]] = []
    shown: set[str] = set()

    def walk(version: str, depth: int) -> None:
        shown.add(version)
        runs = sources[version]
        further = f", and {len(runs) - 1} more" if len(runs) > 1 else ""
        lines.append(("  " * depth + nodes[version].name, nodes[runs[0]].name + further if runs else ""))
        for source in sources[runs[0]] if runs else ():
            if source not in shown:
                walk(source, depth + 1)

    walk(graph.root, 0)
    return lines
