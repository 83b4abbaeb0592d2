"""Many writers to one collection of the server that `ROLLBOOK_SERVER` names: WRITERS SECONDS. Prints counts as JSON."""

import json
import sys
import threading
import time

from rollbook.model.errors import RollbookError
from rollbook.model.facts import NewVersion
from rollbook.sdk.artifact import Artifact
from rollbook.sdk.connect import connect
from rollbook.sdk.settings import resolve
from rollbook.sdk.transport import Transport
from rollbook.sdk.upload import upload

PROJECT = "bench"
WRITERS, SECONDS = int(sys.argv[1]), float(sys.argv[2])
numbers: list[int] = []
errors: list[str] = []


def commit(transport: Transport, text: str) -> int:
    """Log one small file, and return the number of the version."""
    draft = Artifact("shared", type="model")
    with draft.new_file("model.json", "w") as stream:
        stream.write(json.dumps({"writer": text}))
    manifest = upload(draft, transport, PROJECT)
    new = NewVersion(project=PROJECT, collection="shared", type="model", manifest=manifest)
    return transport.commit(new).version.number


def write(writer: int, until: float) -> None:
    """Commit one version after another."""
    transport = connect(resolve(project=PROJECT))
    number = 0
    while time.monotonic() < until:
        number += 1
        try:
            numbers.append(commit(transport, f"{writer} {number}"))
        except RollbookError as error:
            errors.append(str(error))


commit(connect(resolve(project=PROJECT)), "first")
began = time.monotonic()
threads = [threading.Thread(target=write, args=(writer, began + SECONDS)) for writer in range(WRITERS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
seconds = time.monotonic() - began
dense = sorted(numbers) == list(range(1, len(numbers) + 1))
print(
    json.dumps({"commits": len(numbers), "seconds": seconds, "errors": len(errors) + (not dense), "first": errors[:1]})
)
