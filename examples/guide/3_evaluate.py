"""Step 3: log what each model predicts for held-out students; then versions can be compared."""

import joblib
import pandas as pd
from features import FEATURES

import rollbook

for name in ["math_tutor_model_lr", "math_tutor_model_rf", "math_tutor_model_gb"]:
    with rollbook.init(project="math", job_type="evaluate") as run:
        model = joblib.load(run.use_artifact(f"{name}:v1").file(f"{name}.joblib"))
        data = pd.read_parquet(run.use_artifact("student_data_cleaned:v1").file("student_data_cleaned.parquet"))
        test = data[data["part"] == "test"]
        score = model.predict_proba(test[FEATURES])[:, 1]
        run.log_evaluation(
            model=f"{name}:v1",
            dataset="student_data_cleaned:v1",
            roster="student_roster:latest",
            predictions=test.assign(score=score)[["student", "item", "skill", "order", "correct", "score"]],
            truth="correct",
            protocol={"split": "student", "masking": "one_by_one", "granularity": "question", "threshold": 0.5},
        )

comparison = rollbook.Api(project="math").compare(
    ["math_tutor_model_lr:v1", "math_tutor_model_rf:v1", "math_tutor_model_gb:v1"], by=["grade_level"]
)
print("best:", comparison.best, "- not distinguishable from it:", ", ".join(comparison.tied))
