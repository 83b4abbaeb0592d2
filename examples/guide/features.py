"""Engineered features: what was known about a student before each answer. Shared by the steps of the guide."""

import pandas as pd

FEATURES = [
    "grade_level",
    "prior_performance",
    "answers_before",
    "share_correct",
    "share_correct_on_skill",
    "item_rate",
]


def clean(raw: pd.DataFrame) -> pd.DataFrame:
    """One row per answer, with features from the answers before it, and `part`: train, validation or test."""
    data = raw.drop_duplicates(["student", "order"]).sort_values(["student", "order"], ignore_index=True)
    number = data["student"].str.removeprefix("s").astype(int) % 10
    data["part"] = number.map(lambda n: "test" if n < 4 else "validation" if n < 6 else "train")
    data["answers_before"] = data.groupby("student").cumcount()
    data["share_correct"] = _share_before(data, ["student"])
    data["share_correct_on_skill"] = _share_before(data, ["student", "skill"])
    # From training students only: a rate that contains a held-out answer would give that answer away.
    training = data[data["part"] == "train"]
    data["item_rate"] = data["item"].map(training.groupby("item")["correct"].mean()).fillna(0.5)
    return data


def _share_before(data: pd.DataFrame, by: list[str]) -> pd.Series:
    past = data.groupby(by)["correct"]
    return (past.cumsum() - data["correct"] + 1) / (past.cumcount() + 2)
