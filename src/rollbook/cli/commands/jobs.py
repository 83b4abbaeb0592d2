"""`jobs ls`, `jobs run`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollbook.cli import documents, exits
from rollbook.cli.call import Call


def ls(context: typer.Context) -> None:
    """List the housekeeping that a server does. With each job: when it ran and is due, and why it failed."""
    from rollbook.cli.views.space import jobs

    call = Call.of(context)
    found = call.api().transport.space.jobs()
    call.answer({"jobs": [documents.to_plain(one) for one in found]}, lambda: jobs(found))


def run(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="JOB", help="Which: collect, retention or uploads.")],
) -> None:
    """Run a job now. A job that fails ends with exit code 1."""
    from rollbook.cli.views.space import jobs

    call = Call.of(context)
    done = call.api().transport.space.run_job(kind)
    call.answer({"job": documents.to_plain(done)}, lambda: jobs([done]))
    if done.last_error:
        raise typer.Exit(exits.NOT_WELL)
