"""Rollbook: the open, self-hosted register for education AI.

    import rollbook

    with rollbook.init(project="math", config={"lr": 0.1}) as run:
        data = run.use_artifact("student_data:latest")
        run.log({"loss": 0.3})
        run.log_artifact("model.json", name="math_tutor", type="model")

Names are imported when they are first used, so that `import rollbook` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rollbook.model.release import __version__

if TYPE_CHECKING:
    from rollbook.model.errors import RollbookError
    from rollbook.sdk.api import Api
    from rollbook.sdk.artifact import Artifact
    from rollbook.sdk.run import Run
    from rollbook.sdk.session import finish, init, log, log_artifact, run, use_artifact
    from rollbook.sdk.version import Version

__all__ = [
    "Api",
    "Artifact",
    "RollbookError",
    "Run",
    "Version",
    "__version__",
    "finish",
    "init",
    "log",
    "log_artifact",
    "run",
    "use_artifact",
]

_HOMES = {
    "Api": "rollbook.sdk.api",
    "Artifact": "rollbook.sdk.artifact",
    "RollbookError": "rollbook.model.errors",
    "Run": "rollbook.sdk.run",
    "Version": "rollbook.sdk.version",
}
_SESSION = "rollbook.sdk.session"


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'rollbook' has no attribute {name!r}")
    value = getattr(import_module(_HOMES.get(name, _SESSION)), name)
    if name != "run":  # changes from run to run, so it is looked up each time
        globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
