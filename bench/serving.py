"""The serving benchmark: what one server bears. It has one core, whoever asks has another.

Latencies are those of an open-loop generator (`bench/openloop.py`); writers and the version of many files use the SDK.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench import servers
from bench.environments import PEERS
from bench.measure import Command, run
from bench.openloop import Answered, Target, offer, saturate
from bench.servers import Served

RUNS = 10_000
WRITERS = 16
FILES = 100_000
SECONDS = 10.0
OVERLOAD = 5
ASKING = 16
SHED = (429, 503)
_LIST = "/api/v1/projects/local/bench/runs?limit={}"
_PAGE, _FULL_PAGE = 100, 1000


class Serving(NamedTuple):
    """What was measured of one thing.

    Attributes:
        what: What was done.
        measure: What was measured of it.
        value: The number.
        unit: Its unit.
        samples: How many requests it comes from.
    """

    what: str
    measure: str
    value: float
    unit: str
    samples: int


def run_serving(work: Path, *, scale: float = 1.0) -> list[Serving]:
    """Measure below `work`, which is removed afterwards. Below full scale there is less of everything.

    Raises:
        CommandFailed: A server or client failed.
    """
    shutil.rmtree(work, ignore_errors=True)
    rows: list[Serving] = []
    first, *others = sorted(os.sched_getaffinity(0))
    with _on(others or [first]):
        with _served(work / "lists", first, int(RUNS * scale)) as served:
            rows += _lists(served)
            rows += _overload(served)
        with _served(work / "writers", first) as served:
            rows += _writers(served, work)
        with _served(work / "files", first) as served:
            rows += _many_files(served, work, int(FILES * scale))
    shutil.rmtree(work)
    return rows


@contextmanager
def _served(home: Path, core: int, runs: int = 0) -> Generator[Served]:
    home.mkdir(parents=True)
    with servers.rollbook(home, core=core, runs=runs) as served:
        yield served


def _lists(served: Served) -> list[Serving]:
    """The first page of a project's runs, as a page of a dashboard asks for it, and a page as large as they come."""
    rows: list[Serving] = []
    for size, rate in ((_PAGE, 20.0), (_FULL_PAGE, 2.0)):
        target = Target(served.host, served.port, _LIST.format(size), served.key)
        offer(target, rate, 1.0)
        answered = offer(target, rate, SECONDS)
        what = f"list, {size} a page, {rate:g}/s"
        rows.append(Serving(what, "p95", _p95(answered), "s", len(answered)))
        rows.append(Serving(what, "errors", sum(one.status != 200 for one in answered), "", len(answered)))
    return rows


def _overload(served: Served) -> list[Serving]:
    """Five times as many requests as can be answered, and then half as many."""
    target = Target(served.host, served.port, _LIST.format(10), served.key)
    capacity = saturate(target, ASKING, SECONDS / 2)
    flood = offer(target, OVERLOAD * capacity, SECONDS)
    after = offer(target, capacity / 2, 2 * SECONDS)
    shed = sum(one.status in SHED for one in flood)
    other = sum(one.status not in (200, *SHED) for one in flood)
    what = f"overload {OVERLOAD}x"
    return [
        Serving("capacity", "answered", capacity, "/s", 0),
        Serving(what, "shed", shed, "", len(flood)),
        Serving(what, "neither answered nor shed", other, "", len(flood)),
        Serving(what, "recovered after", recovered(after), "s", len(after)),
    ]


def recovered(answered: Sequence[Answered]) -> float:
    """Seconds until every request that was due later was answered, 95 % of each second's within 0.3 s."""
    last = 0.0
    for second in range(int(max(one.due for one in answered)) + 1):
        these = [one for one in answered if second <= one.due < second + 1]
        if these and (any(one.status != 200 for one in these) or _p95(these) > 0.3):
            last = second + 1.0
    return last


def _writers(served: Served, work: Path) -> list[Serving]:
    words = [sys.executable, str(PEERS / "rollbook_writers.py"), str(WRITERS), str(SECONDS)]
    done = json.loads(run(Command(words, work, served.environment)).splitlines()[-1])
    what = f"{WRITERS} writers to one collection"
    count = int(done["commits"])
    return [
        Serving(what, "commits", count / float(done["seconds"]), "/s", count),
        Serving(what, "errors", float(done["errors"]), "", count),
    ]


def _many_files(served: Served, work: Path, count: int) -> list[Serving]:
    source = work / "many"
    for number in range(count):
        folder = source / f"{number // 1000}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.txt").write_text(f"file {number}\n")
    words = [sys.executable, str(PEERS / "rollbook_many_files.py"), str(source)]
    done = json.loads(run(Command(words, work, served.environment)).splitlines()[-1])
    what = f"a version of {count:,} files"
    return [
        Serving(what, "upload and commit", float(done["seconds"]), "s", 1),
        Serving(what, "commit alone", float(done["commit"]), "s", 1),
        Serving(what, "server's memory", served.peak_bytes / (1 << 20), "MiB", 1),
    ]


def _p95(answered: Sequence[Answered]) -> float:
    seconds = [one.seconds for one in answered]
    return statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]


@contextmanager
def _on(cores: Sequence[int]) -> Generator[None]:
    """This process, and what it starts, use these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
