"""One call of the command line: what was asked of every command, and the way to the register and to the output."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from rollbook.cli import output
from rollbook.model.errors import InvalidInput

if TYPE_CHECKING:
    from rollbook.cli.layout import Block
    from rollbook.sdk.api import Api


class Call:
    """What the shared options asked for.

    Attributes:
        data_dir: `--data-dir`, or None.
        server: `--server`, or None.
        project: `--project`, or None.
        json: Whether one JSON document is wanted instead of text.
    """

    def __init__(self) -> None:
        self.data_dir: Path | None = None
        self.server: str | None = None
        self.project: str | None = None
        self.json = False

    @classmethod
    def of(cls, context: typer.Context) -> Call:
        """The call that a command is part of."""
        return context.ensure_object(cls)

    def api(self, *, create: bool = False) -> Api:
        """The register.

        Args:
            create: Make the data directory where it is not there.
        """
        from rollbook.sdk.api import Api

        return Api(self.data_dir, self.project, server=self.server, create=create)

    def api_of(self, collection: str) -> tuple[Api, str]:
        """The register with the collection's project at hand, and the collection's bare name.

        Args:
            collection: `name` or `project/name`.

        Raises:
            InvalidInput: It names a version.
        """
        from rollbook.model.reference import parse

        parsed = parse(collection)
        if parsed.digest_prefix or ":" in collection or "@" in collection:
            hint = f"name {parsed.collection!r}" if parsed.collection else "for example math_tutor"
            raise InvalidInput(f"{collection!r} names a version, not a collection", hint=hint)
        self.project = "/".join(part for part in (parsed.entity, parsed.project) if part) or self.project
        return self.api(), parsed.collection

    def answer(self, document: Mapping[str, Any], blocks: Callable[[], Iterable[Block]]) -> None:
        """Write the answer: the document with `--json`, else the blocks.

        Args:
            document: Facts by stable key.
            blocks: Makes what people read; called only when it is wanted.
        """
        if self.json:
            output.write_json(document)
        else:
            output.write_blocks(blocks())

    def now(self) -> int | None:
        """UTC microseconds for ages such as `3 minutes ago`; None for a pipe, whose readers want dates."""
        return time.time_ns() // 1000 if output.watched() else None
