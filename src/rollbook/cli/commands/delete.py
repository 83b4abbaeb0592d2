"""`delete`, `undelete`, `deleted`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollbook.cli import documents
from rollbook.cli.arguments import Reason, Reference
from rollbook.cli.call import Call


def delete(context: typer.Context, reference: Reference, reason: Reason = "") -> None:
    """Delete a version. Within 30 days 'rollbook undelete' brings it back.

    Its number is never given again, and its row, seal and provenance stay as evidence. A version that an alias points
    to, or that another version is linked to, is not deleted.
    """
    from rollbook.cli.views.space import gone

    call = Call.of(context)
    done = call.api().delete(reference, reason=reason)
    call.answer({"deletion": documents.to_plain(done)}, lambda: [gone(done)])


def undelete(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="REF", help="The version: COLLECTION:vN.")],
    reason: Reason = "",
) -> None:
    """Bring a deleted version back, under its number. Aliases are not moved back."""
    call = Call.of(context)
    version = call.api().undelete(reference, reason=reason)
    call.answer({"version": documents.version(version.facts)}, lambda: [f"{version.qualified_name} is back."])


def deleted(context: typer.Context) -> None:
    """List the project's deleted versions. With each: when, by whom, why, and until when it can be brought back."""
    from rollbook.cli.views.space import deletions

    call = Call.of(context)
    found = call.api().deleted()
    call.answer({"deletions": [documents.to_plain(one) for one in found]}, lambda: deletions(found))
