"""Step 2: train several architectures; each run logs its hyperparameters, its learning curve and its model."""

import joblib
import pandas as pd
from features import FEATURES
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import rollbook

MODELS = {
    "math_tutor_model_lr": make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss", random_state=0)),
    "math_tutor_model_rf": RandomForestClassifier(min_samples_leaf=20, warm_start=True, random_state=0),
    "math_tutor_model_gb": GradientBoostingClassifier(warm_start=True, random_state=0),
}

for name, model in MODELS.items():
    with rollbook.init(project="math", job_type="train", config={"model": name, "random_state": 0}) as run:
        dataset = run.use_artifact("student_data_cleaned:v1")
        data = pd.read_parquet(dataset.file("student_data_cleaned.parquet"))
        train, held = data[data["part"] == "train"], data[data["part"] == "validation"]
        for step in range(1, 7):
            if name == "math_tutor_model_lr":
                model.set_params(sgdclassifier__max_iter=5 * step, sgdclassifier__tol=None)
            else:
                model.set_params(n_estimators=5 * step)
            model.fit(train[FEATURES], train["correct"])
            score = model.predict_proba(held[FEATURES])[:, 1]
            run.log({"validation_auc": roc_auc_score(held["correct"], score)}, step=step)
        joblib.dump(model, f"{name}.joblib")
        run.log_artifact(f"{name}:v1", type="model", metadata={"features": FEATURES}, tags=["guide"])
