"""Step 4: make the winner the champion, with the reason."""

import rollbook

api = rollbook.Api(project="math")
api.promote("math_tutor_model_gb:v1", "champion", reason="best AUC-ROC on held-out students")
api.artifact("math_tutor_model_gb:champion").tag("fairness_checked_grade_level")
