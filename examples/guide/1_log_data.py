"""Step 1: log the raw data, then the cleaned version with engineered features, and who the students are."""

import pandas as pd
from features import FEATURES, clean

import rollbook

with rollbook.init(project="math", job_type="import") as run:
    run.log_artifact("student_data:v0", type="dataset", metadata={"source": "tutor export", "synthetic": True})

with rollbook.init(project="math", job_type="clean") as run:
    raw = run.use_artifact("student_data:v0")
    data = clean(pd.read_csv(raw.file("student_data.csv")))
    data.to_parquet("student_data_cleaned.parquet", index=False)
    run.log_artifact(
        "student_data_cleaned:v1",
        type="dataset",
        metadata={"features": FEATURES, "split": "by student, 60 % train and validation, 40 % test"},
    )
    run.log_roster(pd.read_csv("students.csv"), "student_roster")
