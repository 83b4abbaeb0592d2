"""Every route of the real application, as data: what it is called, and what it needs.

`routes.txt` is the golden table, one `METHOD path needs` per line. A new route is placed there by hand, after asking
who may use it; `python tests/unit/server/matrix.py` prints the table as the application has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rollbook.server.application import create_application
from rollbook.server.settings import ServerSettings
from rollbook.server.state import State

TABLE = Path(__file__).with_name("routes.txt")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
_KNOWN = {"entity": "local", "project": "math"}
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


class Declared(NamedTuple):
    """A method of a route."""

    method: str
    path: str
    needs: str

    @property
    def line(self) -> str:
        """As the table has it."""
        return f"{self.method} {self.path} {self.needs}"

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names in the path."""
        return tuple(_PARAMETER.findall(self.path))

    def at(self, **names: str) -> str:
        """The path with names filled in; what is not known is absent."""
        known = _KNOWN | names
        return _PARAMETER.sub(lambda found: known.get(found[1], "absent"), self.path)


def declared() -> list[Declared]:
    """Every method of every route of the application, in the table's order."""
    state: Any = State(settings=ServerSettings(data_dir=Path("unused")), system=None)  # type: ignore[arg-type]
    return sorted(_walk(create_application(state).routes), key=lambda route: (route.path, route.method))


def listed() -> list[Declared]:
    """The golden table."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return [Declared(*line.split()) for line in lines if line]


def _walk(routes: Iterable[Any]) -> Iterator[Declared]:
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _walk(included.routes)
            continue
        access = getattr(getattr(route, "endpoint", None), "access", None)
        needs = "UNMAPPED" if access is None else access.needs
        for method in getattr(route, "methods", None) or ["ANY"]:
            yield Declared(method, getattr(route, "path", repr(route)), needs)


if __name__ == "__main__":
    print("\n".join(route.line for route in declared()))
