"""`demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rollbook.cli import output
from rollbook.cli.call import Call

DEFAULT = "rollbook-demo"


def demo(
    context: typer.Context,
    math: Annotated[
        bool, typer.Option("--math", help="Follow the user's guide on generated tutoring interactions.")
    ] = False,
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="The data directory that it makes and leaves.")
    ] = Path(DEFAULT),
) -> None:
    """See the main job on real student records, in a minute.

    It logs data, trains three models, evaluates and compares them per student group, promotes the champion, rolls back
    a bad retrain, and verifies everything. Running it again finds the same versions.
    """
    from rollbook import demo as story

    call = Call.of(context)
    said: list[str] = []

    def say(line: Any = "") -> None:
        said.append(str(line))
        if not call.json:
            output.write_text(f"{line}\n")
            output.flush()

    story.run(folder, math, say)
    if call.json:
        output.write_json({"data_dir": str(folder.absolute()), "said": said})
