"""`provenance`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from rollbook.cli import documents
from rollbook.cli.arguments import Reference
from rollbook.cli.call import Call
from rollbook.model.digest import Digest
from rollbook.model.errors import InvalidInput


def provenance(
    context: typer.Context,
    reference: Reference,
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write each statement, byte for byte, to DIR/<sha256>.json.")
    ] = None,
) -> None:
    """Show the in-toto statements of where a version came from.

    There is one for each run that made the version. A statement's name is the SHA-256 of its bytes, so that
    'sha256sum' on a file written with --to checks it.
    """
    from rollbook.cli.views.provenance import shown

    call = Call.of(context)
    version = call.api().artifact(reference)
    statements = {Digest.sha256(content): content for content in version.provenance()}
    if to is not None:
        _write(to, statements)
    parsed = [{"digest": digest, "statement": msgspec.json.decode(data)} for digest, data in statements.items()]
    call.answer(
        {"version": documents.version(version.facts), "statements": parsed},
        lambda: shown(version.qualified_name, parsed),
    )


def _write(folder: Path, statements: dict[Digest, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for digest, content in statements.items():
            (folder / f"{digest.hex}.json").write_bytes(content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidInput(f"cannot write to {str(folder)!r}: {reason}", hint="name a folder of yours") from error
