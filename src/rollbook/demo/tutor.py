"""`rollbook demo --math`: the user's guide step by step, with its own names, on synthetic tutoring interactions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

import rollbook
from rollbook.demo import chapters, closing, findings, histories
from rollbook.demo.chapters import Recipe, Words
from rollbook.demo.columns import Columns, length, part
from rollbook.demo.damage import outcomes_inverted
from rollbook.demo.errors import student_errors
from rollbook.demo.models.base import Problem, Trained
from rollbook.demo.models.ensembles import train_boosting, train_forest
from rollbook.demo.models.linear import train_logistic
from rollbook.demo.models.storage import torch_installed
from rollbook.demo.narrator import Narrator
from rollbook.demo.workshop import Exam, Logged, Workshop, to_frame
from rollbook.synthetic.defects import ExportDefects, spoil
from rollbook.synthetic.tutoring import TutoringPlan, generate_tutoring

PROJECT = "default"
SEED = 0
NEW_TERM = "2026-spring"
PLAN = TutoringPlan(students=1000, interactions=45)
COLUMNS = {"row": "row", "item": "item", "skill": "skill", "order": "order"}
PROTOCOL = {
    "split": "student",
    "masking": "one_by_one",
    "granularity": "question",
    "threshold_source": "validation",
}
WORDS = Words(
    rows="answers of students",
    positive="of them correct",
    legend=(
        "AUC-ROC: 1 is perfect, 0.5 is guessing. F1: of the predicted correct answers. "
        "FPR: how many of the wrong answers were predicted to be correct."
    ),
    alarm="of 100 wrong answers with {attribute} {group}, {n} were predicted to be correct",
    attributes=("grade_level", "prior_performance", "home_language"),
)


class _Classroom(NamedTuple):
    """What the synthetic tutor exported: its interactions and its students."""

    raw: Columns
    students: Columns


def run_math_demo(target: Path, *, console: Console, command: str = "rollbook", plan: TutoringPlan = PLAN) -> None:
    """Tell the user's guide on synthetic tutoring interactions, in a data directory that stays.

    Running it again in the same directory finds the same versions and says so.

    Args:
        target: Data directory; made where it does not exist.
        console: Where to tell it.
        command: How the reader starts Rollbook, for the closing hints.
        plan: How many students, problems and answers to generate.

    Raises:
        RollbookError: The directory cannot be used.
    """
    tell, workshop = Narrator(console), Workshop(target, PROJECT)
    before = closing.stock(workshop)
    tell.title("Rollbook demo: the user's guide, with a mathematics tutor")
    tell.say(
        "Synthetic data: generated students answer generated problems and learn while they do (item response and "
        f"knowledge tracing). No real person is in them. Everything is kept in {target}."
    )
    classroom = _classroom(plan)
    exam = _log_data(tell, workshop, classroom)
    logged = _train(tell, workshop, exam)
    tell.chapter("Compare: which one is better, and for whom?")
    choice = chapters.choose_champion(tell, workshop, exam, logged, WORDS)
    _error_per_student(tell, choice, logged)
    tell.chapter("Filter by student attributes")
    _filtered(tell, workshop, choice, logged)
    winner = logged[choice.champion]
    _retrain(tell, workshop, exam, classroom, winner)
    closing.lineage_and_verify(tell, workshop, f"{winner.version.collection}:champion")
    closing.what_next(tell, workshop, before, _commands(command, logged, winner.version.collection))


def _classroom(plan: TutoringPlan) -> _Classroom:
    course = generate_tutoring(plan, seed=SEED)
    return _Classroom(spoil(course.interactions, ExportDefects(), seed=SEED), course.students)


def _log_data(tell: Narrator, workshop: Workshop, classroom: _Classroom) -> Exam:
    tell.chapter("Log the raw data, then the cleaned version")
    with tell.doing("generating and cleaning"):
        with workshop.run("export from the tutor", "import") as run:
            raw = run.log_artifact(_raw_draft("student_data:v0", classroom.raw))
        cleaned = histories.clean(classroom.raw, classroom.students, seed=SEED)
        with workshop.run("clean", "clean", {"seed": SEED}) as run:
            run.use_artifact(raw)
            run.use_artifact(workshop.code())
            version = run.log_artifact(_cleaned_draft("student_data_cleaned:v1", cleaned))
            roster = run.log_roster(to_frame(cleaned.roster), "student_roster")
    rows = [
        (raw.name, f"{length(classroom.raw):,} answers as exported"),
        (version.name, f"{length(cleaned.table):,} answers with {len(histories.FEATURES)} features each"),
        (roster.name, f"{length(cleaned.roster):,} students by pseudonym, for the audit only"),
    ]
    tell.table(("version", "what it is"), rows, left=2)
    tell.say(f"Cleaning dropped {cleaned.repeated:,} repeated rows and repaired {cleaned.untimed:,} times.")
    problem = Problem(cleaned.table, histories.FEATURES, histories.OUTCOME)
    return Exam(version, roster, problem, COLUMNS, PROTOCOL)


def _raw_draft(name: str, raw: Columns) -> rollbook.Artifact:
    metadata = {"synthetic": True, "generator": "rollbook.synthetic.tutoring", "seed": SEED}
    draft = rollbook.Artifact(name, "dataset", metadata, data_class="public")
    draft.add(to_frame(raw), "interactions")
    return draft


def _cleaned_draft(name: str, cleaned: histories.CleanedInteractions) -> rollbook.Artifact:
    metadata = {
        "synthetic": True,
        "features": list(histories.FEATURES),
        "repeated_rows_dropped": cleaned.repeated,
        "times_repaired": cleaned.untimed,
        "split": "by student: 50 % train, 15 % validation, 35 % test",
    }
    draft = rollbook.Artifact(name, "dataset", metadata, data_class="public")
    draft.add(to_frame(cleaned.table), "interactions")
    return draft


def _recipes() -> dict[str, Recipe]:
    """By architecture; the third is the small transformer where torch is installed."""

    def forest(problem: Problem) -> Trained:
        return train_forest(problem, seed=SEED, trees=60, points=12, min_samples_leaf=30)

    def boosting(problem: Problem) -> Trained:
        return train_boosting(problem, seed=SEED)

    def transformer(problem: Problem) -> Trained:
        from rollbook.demo.models.sequence import train_sequence

        return train_sequence(problem._replace(features=histories.KNOWN_IN_ADVANCE), seed=SEED)

    third = (
        {"small transformer": Recipe("math_tutor_model_transformer", transformer)}
        if torch_installed()
        else {"gradient boosting": Recipe("math_tutor_model_gb", boosting)}
    )
    first = {"logistic regression": Recipe("math_tutor_model_lr", train_logistic)}
    return {**first, "random forest": Recipe("math_tutor_model_rf", forest), **third}


def _train(tell: Narrator, workshop: Workshop, exam: Exam) -> dict[str, Logged]:
    tell.chapter(f"Train three architectures on {exam.dataset.name}")
    students = len(set(part(exam.problem.columns, "train")["student"].tolist()))
    tell.say(
        f"{students:,} students to learn from. A feature of an answer knows the answers before it, and only those."
    )
    first = {name: recipe._replace(collection=f"{recipe.collection}:v1") for name, recipe in _recipes().items()}
    logged = chapters.train_models(tell, workshop, exam, first)
    if not torch_installed():
        tell.say("Torch is not installed, so gradient boosting takes the place of the small transformer.")
    return logged


def _error_per_student(tell: Narrator, choice: chapters.Choice, logged: Mapping[str, Logged]) -> None:
    rows: list[tuple[str, ...]] = []
    for label, evaluation in choice.evaluations.items():
        errors = student_errors(evaluation)
        rows.append((logged[label].trained.architecture, f"{errors.median:.3f}", f"{errors.worst_tenth:.3f}"))
    tell.say("Prediction error per student: distance between predicted chance and answer, mean over their answers.")
    tell.table(("model", "median student", "worst tenth above"), rows, left=1)


def _filtered(tell: Narrator, workshop: Workshop, choice: chapters.Choice, logged: Mapping[str, Logged]) -> None:
    where = {"prior_performance": "low"}
    comparison = workshop.api.compare(list(logged), where=where)
    names = {label: item.trained.architecture for label, item in logged.items()}
    tell.say(f"Only the {comparison.n_students} students with low prior performance:")
    tell.table(("model", *findings.METRICS.values()), findings.overall_rows(comparison, names), left=1)
    tell.say(f"All groups, for the champion {choice.champion}:")
    chapters.show_groups(tell, choice, WORDS)


def _retrain(tell: Narrator, workshop: Workshop, exam: Exam, classroom: _Classroom, winner: Logged) -> None:
    tell.chapter("New data arrive: retrain, compare, roll back")
    raw = outcomes_inverted(classroom.raw, histories.OUTCOME, classroom.raw["term"] == NEW_TERM)
    recipe = _recipes()[winner.trained.architecture]
    with tell.doing("retraining"):
        with workshop.run("export from the tutor", "import") as run:
            export = run.log_artifact(_raw_draft("student_data:v1", raw))
        cleaned = histories.clean(raw, classroom.students, seed=SEED)
        with workshop.run("clean", "clean", {"seed": SEED}) as run:
            run.use_artifact(export)
            feed = run.log_artifact(_cleaned_draft("student_data_cleaned:v2", cleaned))
        problem = exam.problem._replace(columns=cleaned.table)
        retrained = workshop.train(recipe.train, problem, collection=f"{recipe.collection}:v2", dataset=feed)
    tell.say(
        f"In the new export, {export.name}, the code of the term {NEW_TERM} is turned round: 1 means wrong. Nobody "
        f"notices. {retrained.version.name} learns from it and is promoted."
    )
    chapters.promote_retrained(tell, workshop, exam, winner.version, retrained)


def _commands(command: str, logged: Mapping[str, Logged], collection: str) -> list[tuple[str, str]]:
    one, other = list(logged)[:2]
    return [
        (f"{command} ls", "what was logged"),
        (f"{command} show {collection}:champion", "parameters, tags, files, digest"),
        (f"{command} history {collection}", "who made what champion, and why"),
        (f"{command} lineage student_data:v0", "what was made from the raw data?"),
        (f"{command} compare {one} {other} --by grade_level", ""),
        (f"{command} demo", "the same on real student records"),
    ]
