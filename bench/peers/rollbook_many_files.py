"""Log a version of many small files through the server that `ROLLBOOK_SERVER` names: FOLDER. Prints seconds as JSON."""

import json
import sys
import time
from pathlib import Path

from rollbook.model.facts import NewVersion
from rollbook.sdk.artifact import Artifact
from rollbook.sdk.connect import connect
from rollbook.sdk.settings import resolve
from rollbook.sdk.upload import upload

PROJECT = "bench"
transport = connect(resolve(project=PROJECT))
began = time.monotonic()
draft = Artifact("many", type="dataset")
draft.add_dir(Path(sys.argv[1]))
manifest = upload(draft, transport, PROJECT)
uploaded = time.monotonic()
made = transport.commit(NewVersion(project=PROJECT, collection="many", type="dataset", manifest=manifest))
ended = time.monotonic()
assert made.version.file_count == sum(1 for _ in Path(sys.argv[1]).rglob("*.txt"))
print(json.dumps({"seconds": ended - began, "commit": ended - uploaded}))
