"""The chapters that both demos tell: train, compare and choose, retrain on a damaged feed and roll back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rollbook.demo import findings
from rollbook.demo.columns import length, part
from rollbook.demo.models.base import log_loss
from rollbook.demo.narrator import Narrator
from rollbook.demo.workshop import Exam, Logged, Train, Workshop
from rollbook.model.results import Comparison
from rollbook.sdk.version import Version


class Recipe(NamedTuple):
    """How to train one architecture, and the collection (`name` or `name:vN`) that the model goes to."""

    collection: str
    train: Train


class Words(NamedTuple):
    """What the people and events of a story are called.

    Attributes:
        rows: What a held-out row is, in the plural.
        positive: What is true of a positive row, in the past tense and the plural.
        legend: What the three metrics mean here.
        alarm: A false positive rate in words, with `{n}` (out of 100), `{attribute}` and `{group}`.
        attributes: Student attributes to compare by.
    """

    rows: str
    positive: str
    legend: str
    alarm: str
    attributes: tuple[str, ...]


class Choice(NamedTuple):
    """The champion, the comparison that chose it, and the evaluations compared, by the name of the model's version."""

    champion: str
    comparison: Comparison
    evaluations: dict[str, Version]


def train_models(tell: Narrator, workshop: Workshop, exam: Exam, recipes: Mapping[str, Recipe]) -> dict[str, Logged]:
    """Train every architecture in a run of its own; show what was logged.

    Returns:
        The models by the name of their version.
    """
    logged: dict[str, Logged] = {}
    for architecture, recipe in recipes.items():
        with tell.doing(f"training: {architecture}"):
            item = workshop.train(recipe.train, exam.problem, collection=recipe.collection, dataset=exam.dataset)
        logged[item.version.name] = item
    tell.table(("version", "model", "parameters", "log loss"), [_line(item, exam) for item in logged.values()], left=2)
    return logged


def choose_champion(
    tell: Narrator, workshop: Workshop, exam: Exam, logged: Mapping[str, Logged], words: Words
) -> Choice:
    """Evaluate all models on the held-out students, compare them, promote the simplest of the best."""
    with tell.doing("scoring held-out students, comparing"):
        evaluations = {label: workshop.evaluate(item.version, exam) for label, item in logged.items()}
        comparison = workshop.api.compare(list(logged), by=words.attributes)
    held = part(exam.problem.columns, "test")
    tell.say(
        f"{length(held):,} {words.rows} that no model has seen; {int(held[exam.problem.outcome].sum()):,} "
        f"{words.positive}. {words.legend} In brackets: 95 % intervals, clustered by student."
    )
    names = {label: item.trained.architecture for label, item in logged.items()}
    tell.table(("model", *findings.METRICS.values()), findings.overall_rows(comparison, names), left=1)
    for sentence in findings.differences_from_best(comparison):
        tell.say(sentence)
    champion = findings.simplest(comparison, {label: item.trained.model.parameters for label, item in logged.items()})
    _promote(tell, workshop, comparison, champion)
    return Choice(champion, comparison, evaluations)


def show_groups(tell: Narrator, choice: Choice, words: Words) -> None:
    """The champion's numbers for every group, and which gaps are more than chance."""
    rows = findings.group_rows(choice.comparison, choice.champion, words.attributes)
    tell.table(("by", "n", *(f"{name} " for name in findings.METRICS.values())), rows, left=1)
    if any(cell.endswith("*") for row in rows for cell in row):
        tell.say("n: students. * too few for statistics: left out of the gaps below.")
    else:
        tell.say("n: students.")
    for sentence in findings.gap_sentences(choice.comparison, choice.champion, words.alarm):
        tell.say(sentence)


def promote_retrained(tell: Narrator, workshop: Workshop, exam: Exam, before: Version, retrained: Logged) -> None:
    """Promote a retrained model, compare it with the champion before, take the promotion back where it is worse."""
    api, new = workshop.api, retrained.version
    api.promote(new.name, "champion", reason="retrained on the newest data")
    with tell.doing("comparing with the champion before"):
        workshop.evaluate(new, exam)
        comparison = api.compare([before.name, new.name], reference=before.name)
    names = {before.name: f"{before.version}, champion before", new.name: f"{new.version}, champion now"}
    tell.table(("model", *findings.METRICS.values()), findings.overall_rows(comparison, names), left=1)
    found = findings.against(comparison, new.name, before.name)
    tell.say(found.sentence)
    if not found.worse:
        tell.say(f"So {new.name} stays champion.")
        return
    move = api.rollback(new.collection, reason=f"worse than {before.version} on the same held-out students")
    tell.say(f"Rolled back in one call: {new.collection}:champion is v{move.to_number} again. Every move is kept:")
    tell.table(("from", "to", "act", "why"), _moves(workshop, new.collection), left=4)


def _line(item: Logged, exam: Exam) -> Sequence[str]:
    scores = item.trained.model.scores(part(exam.problem.columns, "validation"))
    loss = log_loss(exam.problem.truth("validation"), scores)
    return item.version.name, item.trained.architecture, f"{item.trained.model.parameters:,}", f"{loss:.3f}"


def _promote(tell: Narrator, workshop: Workshop, comparison: Comparison, champion: str) -> None:
    several = f"simplest of {len(comparison.tied)} that these students cannot tell from the best"
    reason = several if len(comparison.tied) > 1 else "best, and told apart from all others"
    version = workshop.api.artifact(champion)
    workshop.api.promote(champion, "champion", reason=reason)
    version.tag(*(f"fairness_checked_{attribute}" for attribute in _attributes(comparison)))
    tell.say(f"Champion: {champion}, {reason}. It is {version.collection}:champion from now on.")


def _attributes(comparison: Comparison) -> list[str]:
    return list(dict.fromkeys(str(row["group_attr"]) for row in comparison.rows if row["group_attr"]))


def _moves(workshop: Workshop, collection: str) -> list[tuple[str, ...]]:
    return [
        (_number(move.from_number), _number(move.to_number), move.action, move.reason)
        for move in workshop.api.alias_history(collection)[-3:]
    ]


def _number(number: int | None) -> str:
    return "-" if number is None else f"v{number}"
