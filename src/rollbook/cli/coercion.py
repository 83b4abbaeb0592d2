"""Reading plain parameters without pydantic.

Typer reads every parameter through pydantic, whose import takes longer than most commands need. Text, paths, numbers
and lists of text can be read in a line; whatever else a command declares is left to Typer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import typer
from typer._coercion import RuntimeParam  # pyright: ignore[reportPrivateUsage]

_READERS: Mapping[Any, tuple[str, Callable[[Any], Any]]] = {
    str: ("text", str),
    list[str]: ("text", str),
    Path: ("a path", Path),
    int: ("a whole number", int),
    float: ("a number", float),
    bool: ("a flag", bool),
}


@dataclass(frozen=True)
class Plain(RuntimeParam):
    """Reads a value, or each value of several, by calling one function."""

    what: str
    read: Callable[[Any], Any]

    def _coerce_value(self, value: Any, param: Any, ctx: Any) -> Any:
        several = isinstance(value, list | tuple)
        items = cast("Sequence[Any]", value if several else [value])
        try:
            read = [self.read(item) for item in items]
        except ValueError:
            raise typer.BadParameter(f"{value!r} is not {self.what}", ctx=ctx, param=param) from None
        return read if several else read[0]


def use_plain(parameters: Sequence[Any]) -> None:
    """Let the parameters of plain types be read plainly."""
    for parameter in parameters:
        described = getattr(parameter, "type_descriptor", None)
        if described is None or parameter.min is not None or parameter.max is not None:
            continue
        reader = _READERS.get(described.annotation)
        if reader is not None:
            parameter._runtime_param = Plain(described.parameter_info, described.annotation, *reader)  # noqa: SLF001
