"""Arguments that several commands share, and the reading of `KEY=VALUE`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from rollbook.cli.completion import complete_collection, complete_reference
from rollbook.model.errors import InvalidInput

Reference = Annotated[
    str,
    typer.Argument(
        metavar="REF",
        help="A version: name:v3, name:champion, name:champion@2026-05-01, sha256:1f2e3d4c.",
        autocompletion=complete_reference,
    ),
]
Collection = Annotated[
    str, typer.Argument(metavar="COLLECTION", help="A collection.", autocompletion=complete_collection)
]
Segment = Annotated[
    str, typer.Option(metavar="K=V[,K=V]", help="Only for these students, for example grade=8.", show_default=False)
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; kept for ever.", show_default=False)]
Aliases = Annotated[
    list[str] | None, typer.Option("--alias", "-a", metavar="ALIAS", help="Alias to point at it; repeatable.")
]
Tags = Annotated[list[str] | None, typer.Option("--tag", "-t", metavar="TAG", help="Label; repeatable.")]
Metadata = Annotated[
    list[str] | None,
    typer.Option(
        "--metadata", "-m", metavar="K=V", help="Creation metadata, sealed; V is JSON where it parses; repeatable."
    ),
]


def pairs(given: Sequence[str] | None, option: str) -> dict[str, Any]:
    """Read `KEY=VALUE` texts; a value that is JSON is read as JSON, any other is text.

    Args:
        given: What stands behind the option, once per use.
        option: The option's name, for messages.

    Raises:
        InvalidInput: There is no `=` or no key, or a key stands twice.
    """
    read: dict[str, Any] = {}
    for text in given or ():
        key, has_value, value = text.partition("=")
        if not has_value or not key:
            raise InvalidInput(f"{option} {text!r} is not KEY=VALUE", hint=f"for example {option} grade=8")
        if key in read:
            raise InvalidInput(f"{option} names {key!r} twice", hint="name each key once")
        read[key] = _json_or_text(value)
    return read


def texts(given: Sequence[str] | None, option: str) -> dict[str, str]:
    """Read `KEY=VALUE` texts whose values stay text.

    Raises:
        InvalidInput: As in `pairs`.
    """
    pairs(given, option)
    return {key: value for key, _, value in (text.partition("=") for text in given or ())}


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value, parse_constant=_refuse)
    except ValueError:
        return value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)  # NaN and Infinity are words here, as they are in JSON
