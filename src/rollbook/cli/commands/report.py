"""`report`, `recompute`, `ledger`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rollbook.cli import documents
from rollbook.cli.arguments import Reference
from rollbook.cli.call import Call
from rollbook.model.errors import InvalidInput


def report(
    context: typer.Context,
    reference: Reference,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write it as one HTML page.")] = None,
) -> None:
    """Show a report that was kept. Small groups are withheld from everybody."""
    from rollbook.cli.views.comparison import shown

    call = Call.of(context)
    found = call.api().report(reference)
    if html is not None:
        _write(html, found.html)
        call.answer({"report": found.reference, "file": str(html)}, lambda: [f"{found.reference} is in {html}"])
        return
    document = {"reference": found.reference, "digest": str(found.digest), "report": documents.to_plain(found.report)}
    call.answer(document, lambda: shown(found.report))


def _write(file: Path, page: str) -> None:
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{file} cannot be written: {error}", hint="name another file") from error


def recompute(context: typer.Context, reference: Reference) -> None:
    """Compute a kept report again, and say whether every number is the same.

    Its inputs are found by digest. Numbers are the same when they are equal to 1e-12.
    """
    from rollbook.cli.views.reports import recomputed

    call = Call.of(context)
    found = call.api().recompute(reference)
    call.answer({"recomputed": documents.to_plain(found)}, lambda: recomputed(found))
    if not found.equal:
        raise typer.Exit(7)


def ledger(context: typer.Context, reference: Reference) -> None:
    """List every look at an evaluation dataset, the newest first.

    A look is one question; the same question asked again is the same look.
    """
    from rollbook.cli.views.reports import listed

    call = Call.of(context)
    found = call.api().ledger(reference)
    call.answer({"ledger": documents.to_plain(found)}, lambda: listed(found))
