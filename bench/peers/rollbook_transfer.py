"""Move files through the Rollbook server that `ROLLBOOK_SERVER` names: SOURCE WORK."""

import sys
from pathlib import Path

from transfer_files import run

from rollbook.model.facts import NewVersion
from rollbook.sdk.artifact import Artifact
from rollbook.sdk.connect import connect
from rollbook.sdk.settings import resolve
from rollbook.sdk.upload import upload
from rollbook.sdk.version import Version

PROJECT = "bench"
transport = connect(resolve(project=PROJECT))


def log(name: str, path: Path) -> None:
    """Log a file or folder as a version."""
    draft = Artifact(name, type="dataset")
    if path.is_dir():
        draft.add_dir(path)
    else:
        draft.add_file(path)
    manifest = upload(draft, transport, PROJECT)
    transport.commit(NewVersion(project=PROJECT, collection=name, type="dataset", manifest=manifest))


def get(name: str, folder: Path) -> None:
    """Fetch it."""
    Version(transport.resolve(f"{name}:latest", PROJECT), transport).download(folder)


run(log, get, Path(sys.argv[1]), Path(sys.argv[2]))
