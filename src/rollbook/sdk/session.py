"""The current run of this process: `rollbook.init`, `rollbook.log`, `rollbook.finish` and their companions."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

from rollbook.model.canonical import to_json
from rollbook.model.errors import InvalidInput
from rollbook.model.facts import NewRun
from rollbook.model.names import check_tag
from rollbook.sdk import settings
from rollbook.sdk.artifact import Artifact
from rollbook.sdk.connect import connect
from rollbook.sdk.run import Run
from rollbook.sdk.version import Version

_open_runs: list[Run] = []
_failed = False
_interrupted = False


def init(
    project: str | None = None,
    *,
    name: str = "",
    config: Mapping[str, Any] | None = None,
    job_type: str = "",
    group: str = "",
    tags: Sequence[str] = (),
    notes: str = "",
    data_dir: str | Path | None = None,
    server: str | None = None,
    save_code: bool = True,
) -> Run:
    """Start a run.

    Args:
        project: Project; default `ROLLBOOK_PROJECT`, else `default`. Made where it does not exist.
        name: Name for people; default made from the run's id.
        config: Parameters.
        job_type: What kind of work, such as `train` or `evaluate`.
        group: Runs that belong together.
        tags: Labels.
        notes: Text.
        data_dir: Data directory; see `rollbook.sdk.settings.resolve`. Made where it does not exist.
        server: Address of a server to use instead; default `ROLLBOOK_SERVER`.
        save_code: Keep the difference from the git commit, or the script itself, as a code version. Commit and entry
            point are recorded in any case.

    Returns:
        The run, to be used in a `with` block or ended with `finish()`.

    Raises:
        InvalidInput: A name or a value of the configuration is not allowed.
        StorageFull: The data directory cannot be made or written.
        Unavailable: The server cannot be reached.
    """
    settled = settings.resolve(data_dir, project, server=server)
    plain = to_json(dict(config or {}), "config")
    assert isinstance(plain, dict)
    transport = connect(settled, create=True)
    facts = transport.start_run(
        NewRun(
            project=transport.full_name(settled.project),
            name=name,
            job_type=job_type,
            group=group,
            config=plain,
            tags=tuple(check_tag(tag) for tag in tags),
            notes=notes,
        )
    )
    started = Run(facts, transport, save_code=save_code, on_finish=_forget)
    _watch_for_failure()
    _open_runs.append(started)
    if sys.stderr.isatty():
        print(  # noqa: T201
            f"rollbook: run {facts.name} ({facts.short}), project {facts.project}, in {transport.location}",
            file=sys.stderr,
        )
    return started


def _current() -> Run:
    if not _open_runs:
        raise InvalidInput("no run is open", hint="call rollbook.init() first")
    return _open_runs[-1]


def log(data: Mapping[str, Any], step: int | None = None, commit: bool = True) -> None:  # noqa: FBT001
    """`Run.log` of the current run."""
    _current().log(data, step, commit)


def log_artifact(artifact: Artifact | str | Path, *arguments: Any, **options: Any) -> Version:
    """`Run.log_artifact` of the current run."""
    return _current().log_artifact(artifact, *arguments, **options)


def use_artifact(version: str | Version, type: str | None = None) -> Version:  # noqa: A002 - W&B's word
    """`Run.use_artifact` of the current run."""
    return _current().use_artifact(version, type)


def finish(exit_code: int = 0) -> None:
    """End the current run, where one is open."""
    if _open_runs:
        _open_runs[-1].finish(exit_code)


def _forget(run: Run) -> None:
    if run in _open_runs:
        _open_runs.remove(run)


def __getattr__(name: str) -> Any:
    if name == "run":
        return _open_runs[-1] if _open_runs else None
    raise AttributeError(name)


def _watch_for_failure() -> None:
    """Once per process: note how it fails, and end what is still open when it ends."""
    if getattr(_watch_for_failure, "done", False):
        return
    _watch_for_failure.done = True  # type: ignore[attr-defined]
    earlier_hook, earlier_exit = sys.excepthook, sys.exit

    def note(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        global _failed, _interrupted
        _failed, _interrupted = True, issubclass(kind, KeyboardInterrupt)
        earlier_hook(kind, error, trace)

    def leave(status: Any = None, /) -> NoReturn:
        global _failed  # noqa: PLW0603
        _failed = _failed or status not in (None, 0)
        earlier_exit(status)

    # `sys.exit(1)` never reaches the exception hook, and at the end nothing tells the status any more.
    sys.excepthook, sys.exit = note, leave
    atexit.register(_finish_all)


def _finish_all() -> None:
    for run in tuple(_open_runs):  # `finish` takes the run off the list
        run.finish(exit_code=1 if _failed else 0)
    if _interrupted:
        _interrupt_again()


def _interrupt_again() -> None:
    """Let the process end as one that Ctrl-C ended: Python forgets that as soon as a library compiles text."""
    with suppress(KeyboardInterrupt):
        exec("raise KeyboardInterrupt")  # noqa: S102 - a constant; only such code tells the interpreter
