"""The history of runs: rows sent in parts, and read as a stream."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from rollbook.app import histories
from rollbook.model.wire import Received
from rollbook.server.api.paths import PROJECT
from rollbook.server.routes import Call, Routes
from rollbook.server.streaming import row_lines

routes = Routes("history")
_HISTORY = PROJECT + "/runs/{run}/history"


@routes.add("POST", _HISTORY, needs="run.write", takes=bytes, gives=Received)
def append_rows(call: Call, run: str, first_row: Annotated[int, Query(ge=0, lt=2**62)]) -> Received:
    """Keep rows that a run logged after `first_row` others: a line `[step, microseconds, {name: value}]` each.

    Rows that are there already are acknowledged and not kept twice.
    """
    return Received(histories.append(call.register, run, call.project, first_row, call.body))


@routes.add("GET", _HISTORY + "/extent", needs="run.write", gives=Received)
def count_rows(call: Call, run: str) -> Received:
    """How many rows of a run were sent and are durable."""
    return Received(histories.extent(call.register, run, call.project))


@routes.add("GET", _HISTORY, needs="run.read")
def read_rows(call: Call, run: str) -> Response:
    """Every row, by step, as NDJSON: `[step, microseconds, {name: value}]`; the last line is `{"rows": count}`."""
    return row_lines(histories.open_rows(call.register, run, call.project))
