"""Bayesian knowledge tracing against logistic regression, per skill, on synthetic answers.

Run it in an empty folder: it makes `rollbook-data` there. Needs `pip install 'rollbook[demo]'`.
"""

from pathlib import Path

import pandas as pd

import rollbook
from rollbook.demo.columns import part
from rollbook.demo.histories import FEATURES, OUTCOME, clean
from rollbook.demo.models.base import Problem
from rollbook.demo.models.bkt import train_bkt
from rollbook.demo.models.linear import train_logistic
from rollbook.synthetic.tutoring import TutoringPlan, generate_tutoring

course = generate_tutoring(TutoringPlan(students=400, interactions=40), seed=1)
cleaned = clean(course.interactions, course.students, seed=0)
problem = Problem(cleaned.table, FEATURES, OUTCOME)
test = part(cleaned.table, "test")

with rollbook.init(project="tracing", job_type="import") as run:
    draft = rollbook.Artifact("answers", "dataset", {"synthetic": True})
    draft.add(pd.DataFrame(cleaned.table), "answers")
    dataset = run.log_artifact(draft)

models = []
for name, train in {"tracing_bkt": train_bkt, "tracing_logistic": train_logistic}.items():
    with rollbook.init(project="tracing", job_type="train", config={"model": name}) as run:
        run.use_artifact(dataset)
        trained = train(problem)
        for point in trained.curve:
            run.log(point)
        trained.model.save(Path(name))
        model = run.log_artifact(name, type="model", metadata={"parameters": trained.model.parameters})
        # `group:skill` is an attribute of the row, so the comparison can be by skill without a roster.
        predictions = pd.DataFrame({"row": test["row"], "student": test["student"], "truth": test[OUTCOME]})
        predictions = predictions.assign(score=trained.model.scores(test), **{"group:skill": test["skill"]})
        run.log_evaluation(
            model=model,
            dataset=dataset,
            predictions=predictions,
            protocol={"split": "student", "masking": "one_by_one", "granularity": "question"},
        )
        models.append(model.name)

comparison = rollbook.Api(project="tracing").compare(models, by=["skill"], metrics=["auc"])
for row in comparison.rows:
    skill = row["group_value"] or "all skills"
    print(f"{skill:<14} {row['model']:<20} AUC {row['value']:.3f} ({row['low']:.2f} to {row['high']:.2f})")
