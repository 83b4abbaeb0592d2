"""The reference page, made from the commands themselves: `python -m rollbook.cli.manual > docs/cli.md`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

import typer

from rollbook.cli.answers import ANSWERS, OBJECTS
from rollbook.cli.exits import EXIT_CODES
from rollbook.cli.index import SECTIONS
from rollbook.cli.lazy import load
from rollbook.cli.main import NAME

_INTRODUCTION = """\
# Command line

<!-- Made by `python -m rollbook.cli.manual`. A test holds it to the commands: change them, not this page. -->

`rollbook COMMAND --help` says what stands here. `rollbook --install-completion` makes the shell complete commands,
options, collections and references.

A **reference** names a version: `math_tutor:v3`, `math_tutor:champion`, `math_tutor:champion/grade=8`,
`math_tutor:champion@2026-05-01`, `project/math_tutor:latest`, `sha256:1f2e3d4c` (8 digits or more).

Every command takes `--data-dir DIR`, `--project NAME` and `--json`, before or behind its name. Without them the
environment decides (`ROLLBOOK_DATA`, `ROLLBOOK_PROJECT`; `ROLLBOOK_USER` is the name under which acts are recorded),
then the nearest folder `rollbook-data` at or above the current one.

## Output

On a terminal, tables fold to its width and ages are told (`3 minutes ago`). In a pipe the same words come as aligned
plain text with dates in UTC. Nothing is told by colour alone; `NO_COLOR` is honoured.

With `--json`, stdout holds exactly one JSON document, or nothing where the command failed. Digests are text
(`sha256:...`), instants RFC 3339 in UTC, sizes bytes. Keys are never renamed or taken away; new ones may come. Errors
are always on stderr, as `error:` and `hint:` lines, or with `--json` as one document:

    {"error": {"kind": "not_found", "message": "...", "hint": "...", "exit_code": 4}}
"""


def page() -> str:
    """The whole page."""
    return "\n".join(_parts()).rstrip() + "\n"


def _parts() -> Iterator[str]:
    yield _INTRODUCTION
    yield "## Exit codes\n"
    yield "| code | meaning |\n|---:|---|"
    yield from (f"| {code} | {meaning.replace('|', chr(92) + '|')} |" for code, meaning in EXIT_CODES.items())
    for section, commands in SECTIONS.items():
        yield f"\n## {section}"
        for name in commands:
            yield from _command(name)
    yield "\n## Objects in JSON\n"
    yield "| object | fields |\n|---|---|"
    yield from (f"| {name} | {', '.join(f'`{field}`' for field in fields)} |" for name, fields in OBJECTS.items())


def _command(name: str) -> Iterator[str]:
    command = load(name)
    context = typer.Context(command, info_name=f"{NAME} {name}")
    yield f"\n### {name}\n"
    yield f"    {' '.join([context.command_path, *command.collect_usage_pieces(context)])}\n"
    yield inspect.cleandoc(command.help or "")
    own = [parameter for parameter in command.params if parameter.expose_value and is_shown(parameter)]
    if own:
        yield "\n| argument | meaning |\n|---|---|"
        yield from (_parameter(parameter, context) for parameter in own)
    yield "\n| key with `--json` | value |\n|---|---|"
    yield from (f"| `{key}` | {meaning} |" for key, meaning in ANSWERS[name].items())


def is_shown(parameter: Any) -> bool:
    """Whether the help tells of a parameter: switches for tests of Rollbook itself are nobody's business."""
    return not getattr(parameter, "hidden", False)


def _parameter(parameter: Any, context: typer.Context) -> str:
    record: tuple[str, str] = parameter.get_help_record(context)
    usage, meaning = (text.replace("|", "\\|").replace("  [", " [").strip() for text in record)
    if parameter.param_type_name == "argument":
        usage = usage.partition(" <")[0]
    return f"| `{usage}` | {meaning} |"


if __name__ == "__main__":
    sys.stdout.write(page())
