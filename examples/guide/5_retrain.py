"""Step 5: new data arrive. Retrain, log, compare with the champion, and roll back where it is worse."""

import joblib
import pandas as pd
from features import FEATURES, clean

import rollbook

api = rollbook.Api(project="math")

with rollbook.init(project="math", job_type="retrain") as run:
    run.log_artifact("new_export.csv", name="student_data:v1", type="dataset", metadata={"source": "tutor export"})
    data = clean(pd.read_csv("new_export.csv"))
    train = data[data["part"] == "train"]
    model = joblib.load(run.use_artifact("math_tutor_model_gb:v1").file("math_tutor_model_gb.joblib"))
    model.set_params(warm_start=False).fit(train[FEATURES], train["correct"])
    joblib.dump(model, "retrained.joblib")
    run.log_artifact("retrained.joblib", name="math_tutor_model_gb:v2", type="model", metadata={"features": FEATURES})

    trusted = pd.read_parquet(run.use_artifact("student_data_cleaned:v1").file("student_data_cleaned.parquet"))
    test = trusted[trusted["part"] == "test"]
    run.log_evaluation(
        model="math_tutor_model_gb:v2",
        dataset="student_data_cleaned:v1",
        roster="student_roster:latest",
        predictions=test.assign(score=model.predict_proba(test[FEATURES])[:, 1])[
            ["student", "item", "skill", "order", "correct", "score"]
        ],
        truth="correct",
        protocol={"split": "student", "masking": "one_by_one", "granularity": "question", "threshold": 0.5},
    )

api.promote("math_tutor_model_gb:v2", "champion", reason="retrained on the newest data")
comparison = api.compare(["math_tutor_model_gb:v1", "math_tutor_model_gb:v2"], reference="math_tutor_model_gb:v1")
if "math_tutor_model_gb:v2" not in comparison.tied:
    move = api.rollback("math_tutor_model_gb", reason="worse than v1 on the same students")
    print(f"rolled back: champion is v{move.to_number} again")
