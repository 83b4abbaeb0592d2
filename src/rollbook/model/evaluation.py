"""Evaluations and rosters: which columns they have, and under which protocol predictions were made."""

from __future__ import annotations

import math
from typing import Literal, get_args

import msgspec

from rollbook.model.errors import InvalidInput

Task = Literal["binary", "multiclass", "ordinal", "regression"]
ScoreScale = Literal["probability", "any"]
ThresholdSource = Literal["fixed", "train", "validation", "test"]
Masking = Literal["none", "one_by_one", "all_in_one"]
Granularity = Literal["row", "question", "skill"]

GROUP_PREFIX = "group:"
"""Columns that begin so carry a student attribute that was known when the predictions were made."""

MISSING = "(missing)"
"""The label of a student whose attribute is unknown: a group of its own, never left out."""


class ColumnSpec(msgspec.Struct, frozen=True):
    """One column of an evaluation.

    Attributes:
        name: The column.
        type: Its Arrow type in words; for `truth` and `prediction` see `EvaluationProtocol.label_type`.
        meaning: What it holds.
        required: Whether every evaluation has it.
    """

    name: str
    type: str
    meaning: str
    required: bool = False


EVALUATION_COLUMNS: tuple[ColumnSpec, ...] = (
    ColumnSpec("row", "string", "names the row; unique; pairs the rows of two models", required=True),
    ColumnSpec("student", "string", "pseudonym of the student", required=True),
    ColumnSpec("truth", "label", "what happened", required=True),
    ColumnSpec("score", "double", "what the model said, as a number; or give `prediction`"),
    ColumnSpec("prediction", "label", "what the model decided; or give `score`"),
    ColumnSpec("item", "string", "problem, question or essay"),
    ColumnSpec("skill", "string", "knowledge component"),
    ColumnSpec("subject", "string", "school subject"),
    ColumnSpec("time", "timestamp[us, tz=UTC]", "when the row happened"),
    ColumnSpec("order", "int64", "position within the student's rows"),
    ColumnSpec("weight", "double", "weight of the row, finite and not negative"),
)
"""The columns of an evaluation in their order; `group:*` columns (string) follow."""

ROSTER_INTERVAL = ("valid_from", "valid_to")
"""Optional roster columns: a half-open interval of UTC time in which the row holds; a missing end is open."""


class EvaluationProtocol(msgspec.Struct, frozen=True, kw_only=True):
    """How predictions were made. Evaluations under unlike protocols must not be ranked against each other.

    Attributes:
        task: `binary`, `multiclass`, `ordinal` or `regression`.
        positive: For `binary`: the label that is flagged, as text. 1, 1.0 and True are all `"1"`.
        labels: The label set, as text; empty when not declared. For `binary` two labels, `positive` among them.
        score_scale: `probability` (0 to 1, the default for `binary`) or `any`.
        threshold: For `binary`: a row is flagged where its score is at least this.
        threshold_source: Where the threshold came from; `test` is a leak that reports show.
        split: How test rows were chosen, in one word, such as `student`, `temporal` or `random`; empty when unknown.
        masking: `one_by_one` (the truth up to a row is known when it is predicted), `all_in_one` (after a cut no truth
            is known), `none` (rows do not depend on each other).
        granularity: What a row is: an independent `row`, a `question`, or a `skill` (a question is several rows).
        window: For sequence models: the longest history in rows; 0 when unlimited.
        first_attempt_only: Whether only the first attempt at an item counts.

    Raises:
        InvalidInput: The values contradict each other.
    """

    task: Task = "binary"
    positive: str = "1"
    labels: tuple[str, ...] = ()
    score_scale: ScoreScale = "probability"
    threshold: float = 0.5
    threshold_source: ThresholdSource = "fixed"
    split: str = ""
    masking: Masking = "none"
    granularity: Granularity = "row"
    window: int = 0
    first_attempt_only: bool = False

    def __post_init__(self) -> None:
        self._check_words()
        if not math.isfinite(self.threshold):
            raise InvalidInput(f"threshold {self.threshold} is not a number", hint="for example 0.5")
        if self.task == "binary" and self.score_scale == "probability" and not 0 <= self.threshold <= 1:
            raise InvalidInput(f"threshold {self.threshold} is no probability", hint="score_scale='any' allows it")
        if len(set(self.labels)) != len(self.labels):
            raise InvalidInput(f"labels {list(self.labels)} repeat one", hint="name each label once")
        if self.task == "binary" and self.labels and (len(self.labels) != 2 or self.positive not in self.labels):
            raise InvalidInput(
                f"labels {list(self.labels)} do not fit a binary task whose positive label is {self.positive!r}",
                hint="give two labels, the positive one among them",
            )
        if self.window < 0:
            raise InvalidInput(f"window {self.window} is negative", hint="0 means unlimited")

    @property
    def label_type(self) -> str:
        """The Arrow type of `truth` and `prediction`: int8 (1 is positive), string or double."""
        return {"binary": "int8", "multiclass": "string"}.get(self.task, "double")

    def canonical(self) -> dict[str, str | int | float | bool]:
        """A flat mapping, the same for equal protocols; what does not apply to the task is left out."""
        facts: dict[str, str | int | float | bool] = {
            "task": self.task,
            "split": self.split,
            "masking": self.masking,
            "granularity": self.granularity,
            "window": self.window,
            "first_attempt_only": self.first_attempt_only,
        }
        if self.labels:
            facts["labels"] = msgspec.json.encode(sorted(self.labels)).decode()
        if self.task == "binary":
            facts["positive"] = self.positive
            facts["score_scale"] = self.score_scale
            facts["threshold"] = float(self.threshold)
            facts["threshold_source"] = self.threshold_source
        return facts

    def _check_words(self) -> None:
        # Structs do not check literals when called from Python; a typing error must not become a fact.
        for name, words in _WORDS.items():
            if getattr(self, name) not in words:
                raise InvalidInput(f"{name}={getattr(self, name)!r} is unknown", hint=f"one of {', '.join(words)}")


_WORDS: dict[str, tuple[str, ...]] = {
    "task": get_args(Task),
    "score_scale": get_args(ScoreScale),
    "threshold_source": get_args(ThresholdSource),
    "masking": get_args(Masking),
    "granularity": get_args(Granularity),
}
