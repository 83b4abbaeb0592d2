"""Move files through the artifact proxy of the MLflow server that `MLFLOW_TRACKING_URI` names: SOURCE WORK."""
# pyright: basic, reportMissingImports=false

import sys
from pathlib import Path

from mlflow import MlflowClient
from transfer_files import run

client = MlflowClient()
experiment = client.create_experiment(f"bench-{sys.argv[2].replace('/', '-')}")
one = client.create_run(experiment).info.run_id


def log(name: str, path: Path) -> None:
    """Log a file or folder."""
    if path.is_dir():
        client.log_artifacts(one, str(path), name)
    else:
        client.log_artifact(one, str(path), name)


def get(name: str, folder: Path) -> None:
    """Fetch it."""
    folder.mkdir(parents=True)
    client.download_artifacts(one, name, str(folder))


run(log, get, Path(sys.argv[1]), Path(sys.argv[2]))
