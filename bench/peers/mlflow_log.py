"""Log SOURCE as artifacts of a new MLflow run, whose id goes to ID_FILE. Without SOURCE: only make the database."""
# pyright: basic, reportMissingImports=false

import sys
from pathlib import Path

import mlflow

id_file = Path(sys.argv[1])
if len(sys.argv) == 2:
    mlflow.create_experiment("bench", artifact_location=(id_file.parent / "artifacts").as_uri())
else:
    source = Path(sys.argv[2])
    mlflow.set_experiment("bench")
    with mlflow.start_run() as run:
        if source.is_dir():
            mlflow.log_artifacts(str(source), artifact_path="data")
        else:
            mlflow.log_artifact(str(source), artifact_path="data")
    id_file.write_text(run.info.run_id)
