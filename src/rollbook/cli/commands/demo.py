"""`demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rollbook.cli.call import Call
from rollbook.model.extras import needs_extra


def demo(
    context: typer.Context,
    *,
    math: Annotated[
        bool, typer.Option("--math", help="Follow the user's guide on generated tutoring interactions.")
    ] = False,
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="The data directory that it makes and leaves.")
    ] = Path("rollbook-demo"),
) -> None:
    """See the main job on real student records, in a minute.

    It logs data, trains three models, evaluates and compares them per student group, promotes the champion, rolls back
    a bad retrain, and verifies everything. Running it again finds the same versions.
    """
    call = Call.of(context)
    with needs_extra("demo"):
        from rich.console import Console

        from rollbook.demo.dropout import run_demo
        from rollbook.demo.tutor import run_math_demo

    target = call.data_dir or folder
    # With --json, stdout is for the answer alone.
    console = Console(stderr=call.json, highlight=False, markup=False, emoji=False)
    (run_math_demo if math else run_demo)(target, console=console)
    call.answer({"data_dir": str(target.absolute())}, list)
