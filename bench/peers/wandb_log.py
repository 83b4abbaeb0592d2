"""Log SOURCE as an artifact of an offline wandb run."""
# pyright: basic, reportMissingImports=false

import sys
from pathlib import Path

import wandb

source = Path(sys.argv[1])
with wandb.init(project="bench", mode="offline", settings=wandb.Settings(silent=True)) as run:
    artifact = wandb.Artifact("data", type="dataset")
    if source.is_dir():
        artifact.add_dir(str(source))
    else:
        artifact.add_file(str(source))
    run.log_artifact(artifact)
