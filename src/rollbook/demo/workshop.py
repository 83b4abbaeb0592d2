"""The register as the demo uses it: one data directory, one project, runs that log what they make."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

import rollbook
from rollbook.demo.columns import Columns, part
from rollbook.demo.models.base import Params, Problem, Trained, best_f1_threshold
from rollbook.demo.models.storage import load_model
from rollbook.sdk.run import Run
from rollbook.sdk.version import Version

CODE = "demo_code"
_SOURCE = Path(__file__).parent
Train = Callable[[Problem], Trained]


class Logged(NamedTuple):
    """A trained model and the version that it became."""

    trained: Trained
    version: Version


class Exam(NamedTuple):
    """What models are examined on.

    Attributes:
        dataset: The version that the rows come from.
        roster: Attributes of the students.
        problem: The rows, their split and the outcome.
        columns: Evaluation columns beside student and truth: role to column name, such as `item`.
        protocol: How predictions are made; the threshold comes from the model's metadata.
    """

    dataset: Version
    roster: Version
    problem: Problem
    columns: Mapping[str, str]
    protocol: Mapping[str, str]


class Workshop(NamedTuple):
    """Where the demo works.

    Attributes:
        target: Data directory.
        project: Project at hand.
    """

    target: Path
    project: str

    @property
    def api(self) -> rollbook.Api:
        """Questions to the register."""
        return rollbook.Api(self.target, self.project)

    def run(self, name: str, job_type: str, config: Params | None = None) -> Run:
        """Start a run."""
        # The demo's code is logged as a version of its own (`code`); the folder it happens to run in says nothing.
        # On a terminal `init` names the run on stderr; here the narrator speaks, and a spinner is turning.
        with redirect_stderr(io.StringIO()):
            return rollbook.init(
                self.project, name=name, job_type=job_type, config=config, data_dir=self.target, save_code=False
            )

    def code(self) -> Version:
        """The demo's own source as a version, so that everything it makes can be traced to the code that made it."""
        with self.run("keep the code", "import") as run:
            draft = rollbook.Artifact(CODE, "code", {"rollbook": rollbook.__version__})
            for path in sorted(_SOURCE.rglob("*.py")):
                draft.add_file(path, path.relative_to(_SOURCE).as_posix())
            return run.log_artifact(draft)

    def train(self, train: Train, problem: Problem, *, collection: str, dataset: Version) -> Logged:
        """Train in a run that uses the dataset; log the curve, then the model with its parameters and threshold.

        Args:
            train: Trains one architecture.
            problem: The rows of that dataset, their split and the outcome.
            collection: Where the model goes, `name` or `name:vN`.
            dataset: The version that the rows come from.
        """
        trained = train(problem)
        with self.run(f"train {trained.architecture}", "train", trained.params) as run:
            run.use_artifact(dataset)
            run.use_artifact(f"{CODE}:latest")
            for point in trained.curve:
                run.log({name: value for name, value in point.items() if name != "step"}, step=int(point["step"]))
            held = part(problem.columns, "validation")
            threshold = best_f1_threshold(problem.truth("validation"), trained.model.scores(held))
            draft = rollbook.Artifact(collection, "model", _metadata(trained, problem, threshold))
            with tempfile.TemporaryDirectory() as folder:
                trained.model.save(Path(folder))
                draft.add_dir(folder)
                version = run.log_artifact(draft, tags=[trained.architecture.replace(" ", "-")])
        return Logged(trained, version)

    def evaluate(self, version: Version, exam: Exam) -> Version:
        """Open the model from the register, score the held-out students, log the evaluation."""
        held = part(exam.problem.columns, "test")
        with self.run(f"evaluate {version.name}", "evaluate") as run, tempfile.TemporaryDirectory() as folder:
            run.use_artifact(version)
            model = load_model(Path(version.download(folder)))
            return run.log_evaluation(
                model=version,
                dataset=exam.dataset,
                roster=exam.roster,
                predictions=_predictions(held, exam, model.scores(held)),
                protocol={**exam.protocol, "threshold": version.metadata["threshold"]},
            )


def to_frame(columns: Columns) -> pd.DataFrame:
    """Columns as a data frame."""
    return pd.DataFrame(columns)


def _metadata(trained: Trained, problem: Problem, threshold: float) -> dict[str, Any]:
    return {
        "architecture": trained.architecture,
        "learned_numbers": trained.model.parameters,
        "hyperparameters": trained.params,
        "features": list(problem.features),
        "outcome": problem.outcome,
        "threshold": threshold,
        "threshold_source": "best F1 on the validation students",
    }


def _predictions(held: Columns, exam: Exam, scores: Any) -> pd.DataFrame:
    roles = {role: held[column] for role, column in exam.columns.items()}
    return to_frame({"student": held["student"], "truth": held[exam.problem.outcome], "score": scores, **roles})
