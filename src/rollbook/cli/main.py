"""The entry of `rollbook`: run a command, turn every ending into an exit code, show errors as people can use them."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from rollbook.cli import exits, failures, output
from rollbook.cli.lazy import HELP_NAMES, Group
from rollbook.model.errors import RollbookError
from rollbook.model.release import __version__

NAME = "rollbook"
_GARBAGE_EVERY = 50_000

app = typer.Typer(
    cls=Group,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=HELP_NAMES,
    epilog=exits.epilog(),
)


def _show_version(wanted: bool) -> None:
    if wanted:
        output.write_text(f"{NAME} {__version__}\n")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the release and exit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Rollbook keeps versions of data and models, traces them, compares models per student group, and rolls back.

    A reference names a version: 'math_tutor:v3', 'math_tutor:champion', 'math_tutor:champion@2026-05-01',
    'project/math_tutor:latest', 'sha256:1f2e3d4c'. 'rollbook COMMAND --help' explains a command.
    """


def run() -> None:
    """Run the command line with this process's arguments, and end the process."""
    # What a command imports lives as long as it does. Searching that for garbage, while it is imported and once more
    # when the process ends, took a third of the time of a short command.
    gc.set_threshold(_GARBAGE_EVERY)
    ended = execute(sys.argv[1:])
    gc.freeze()
    sys.exit(ended)


def execute(arguments: Sequence[str]) -> int:
    """Run the command line.

    Args:
        arguments: What stands behind `rollbook`; nothing means `--help`.

    Returns:
        The exit code (`rollbook.cli.exits`). Errors are on stderr.
    """
    as_json = "--json" in arguments
    try:
        command = typer.main.get_command(app)
        ended = command.main(list(arguments) or ["--help"], prog_name=NAME, standalone_mode=False)
        output.flush()
    except output.ReaderGone:
        return exits.READER_GONE
    except SystemExit as ending:  # Typer's own, after completion or when its help meets a closed pipe
        return exits.READER_GONE if isinstance(ending.__context__, BrokenPipeError) else int(ending.code or 0)
    except typer.Abort:
        return exits.INTERRUPTED
    except typer.TyperException as error:
        return failures.show(failures.of_usage(error), as_json=as_json)
    except RollbookError as error:
        return failures.show(error, as_json=as_json)
    except Exception as error:  # noqa: BLE001 - the last place where a bug can be told as one
        return failures.show(failures.of_bug(error), as_json=as_json)
    return ended if isinstance(ended, int) else exits.DONE
