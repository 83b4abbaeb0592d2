"""The parts that both demos share: roll back what is worse, show lineage, verify, say what to type next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from rollbook.demo import findings
from rollbook.demo.narrator import Narrator
from rollbook.demo.workshop import Workshop
from rollbook.model.errors import NotFound
from rollbook.model.facts import Lineage
from rollbook.model.results import Comparison


def seen_before(workshop: Workshop, collection: str) -> bool:
    """Whether the data directory holds the demo's models already."""
    try:
        return any(known["name"] == collection for known in workshop.api.collections())
    except NotFound:
        return False


def judge_and_roll_back(
    tell: Narrator, workshop: Workshop, comparison: Comparison, collection: str, pair: Sequence[str]
) -> None:
    """Compare the new champion with the one before; take the promotion back where it is worse.

    Args:
        tell: Where to say it.
        workshop: The register.
        comparison: Of both, the one before as the reference.
        collection: Whose champion it is.
        pair: Label of the champion before, label of the new one.
    """
    before, new = pair
    tell.say()
    names = {before: "champion before", new: "champion now"}
    tell.table(("version", "", *findings.WORDS.values()), findings.overall_rows(comparison, names), left=2)
    found = findings.against(comparison, new, before)
    tell.say(found.sentence)
    if not found.worse:
        tell.say("So it stays.")
        return
    move = workshop.api.rollback(collection, reason=f"worse than {before} on the same held-out students")
    tell.say(f"One call, rollback: {collection}:champion is v{move.to_number} again. Every move is kept:")
    history = workshop.api.alias_history(collection)[-3:]
    rows = [
        (_number(move.from_number), _number(move.to_number), move.action, move.actor, move.reason) for move in history
    ]
    tell.table(("from", "to", "act", "who", "why"), rows, left=5)


def lineage_and_verify(tell: Narrator, workshop: Workshop, reference: str) -> None:
    """Where the champion came from; every byte against its digest."""
    tell.chapter("Where did it come from, and is it intact?")
    for line in ancestry(workshop.api.lineage(reference, down=False)):
        tell.say(line)
    with tell.doing("verifying"):
        checked = workshop.api.verify()
    checked.raise_if_damaged()
    tell.say()
    tell.say(
        f"Verified: {checked.versions} versions, {checked.statements} provenance statements, {checked.blobs} blobs "
        f"({checked.bytes / 1e6:.1f} MB) and {checked.audit_entries} audit entries, byte by byte. No damage."
    )


def what_next(tell: Narrator, target: Path, command: str, model: str, dataset: str, *, by: str) -> None:
    """The commands a newcomer would type."""
    collection = dataset.partition(":")[0]
    tell.chapter(f"Done in {tell.seconds:.0f} s. Type next")
    lines = [
        (f"export ROLLBOOK_DATA={target}", "for the commands below"),
        (f"{command} ls", "everything that was logged"),
        (f"{command} show {model}:champion", "one version: parameters, tags, files, digest"),
        (f"{command} compare {model}:v0 {model}:v1 --by {by}", "the same comparison, any two versions"),
        (f"{command} lineage {dataset}", "which models used this dataset?"),
        (f"{command} history {model}", "who made what champion, when and why"),
    ]
    tell.table(("", ""), lines, left=2)
    tell.say(f'In Python: rollbook.Api("{target}").artifact("{collection}:latest").download()')


def ancestry(graph: Lineage) -> list[str]:
    """One line per version and the run that first made it, nearest first, indented by distance.

    Args:
        graph: Walked upwards.
    """
    nodes = {node.id: node for node in graph.nodes}
    sources: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        sources[edge.target].append(edge.source)
    lines: list[str] = []
    shown: set[str] = set()

    def walk(version: str, depth: int) -> None:
        shown.add(version)
        runs = sources[version]
        by = f", made by the run '{nodes[runs[0]].name}'" if runs else ""
        more = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
        lines.append(f"{'   ' * depth}{nodes[version].name}{by}{more}{' from' if runs and sources[runs[0]] else ''}")
        for source in sources[runs[0]] if runs else ():
            if source not in shown:
                walk(source, depth + 1)

    walk(graph.root, 0)
    return lines


def _number(number: int | None) -> str:
    return "-" if number is None else f"v{number}"
