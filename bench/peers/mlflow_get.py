"""Fetch what the last MLflow run logged to TARGET."""
# pyright: basic, reportMissingImports=false

import sys
from pathlib import Path

from mlflow.artifacts import download_artifacts

id_file, target = Path(sys.argv[1]), Path(sys.argv[2])
target.mkdir(parents=True)
download_artifacts(run_id=id_file.read_text(), artifact_path="data", dst_path=str(target))
