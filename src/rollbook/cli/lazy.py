"""Commands that are imported when they are used, so that `rollbook --help` and each command start fast."""

from __future__ import annotations

from collections.abc import MutableMapping
from functools import cache
from importlib import import_module
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from rollbook.cli.coercion import use_plain
from rollbook.cli.index import COMMANDS, GROUPS, SECTIONS, section_within, within
from rollbook.cli.shared import shared_options

HELP_NAMES = {"help_option_names": ["-h", "--help"]}


class Command(TyperCommand):
    """A command that takes the shared options beside its own."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.params.extend(shared_options())

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """`[OPTIONS] REF`: what must be given stands bare, what may be in brackets."""
        return [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command's arguments."""
        use_plain(self.get_params(ctx))
        return super().parse_args(ctx, args)


class Group(TyperGroup):
    """A list of commands, in sections; each is built when it is asked for."""

    def __init__(self, *arguments: Any, prefix: str = "", **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.params.extend(shared_options())
        self._prefix = prefix
        # Names only: what suggests a command for a misspelt one needs no more.
        self.commands = cast("MutableMapping[str, Any]", dict.fromkeys(within(prefix)))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments that stand before the command."""
        use_plain(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """The command of that name, or None."""
        name = f"{self._prefix} {cmd_name}".strip()
        return load(name) if name in COMMANDS or name in GROUPS else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write the list without importing a command."""
        for section in SECTIONS:
            found = section_within(section, self._prefix)
            if found:
                with formatter.section("Commands" if self._prefix else section):
                    formatter.write_dl(list(found.items()))


@cache
def load(name: str) -> Any:
    """Import and build a command of the index, or a group of commands."""
    if name in GROUPS:
        return Group(name=name, prefix=name, help=GROUPS[name], rich_markup_mode=None, context_settings=HELP_NAMES)
    module = import_module(f"rollbook.cli.commands.{COMMANDS[name].module}")
    word = name.rpartition(" ")[2]
    carrier = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    carrier.command(word, cls=Command, context_settings=HELP_NAMES)(getattr(module, word))
    return typer.main.get_command(carrier)
