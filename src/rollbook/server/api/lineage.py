"""Lineage."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from rollbook.app import lineage
from rollbook.model.facts import Lineage
from rollbook.server.api.paths import PROJECT
from rollbook.server.routes import Call, Routes

routes = Routes("lineage")


@routes.add("GET", PROJECT + "/lineage", needs="version.read", gives=Lineage)
def read_lineage(
    call: Call,
    reference: str,
    *,
    up: bool = True,
    down: bool = True,
    depth: Annotated[int | None, Query(ge=0, lt=2**31)] = None,
) -> Lineage:
    """What a version or run was made from, and what was made from it. `complete` says whether a bound cut it."""
    return lineage.lineage(call.register, reference, call.project, up=up, down=down, depth=depth)
