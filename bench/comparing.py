"""The comparison benchmark: nine metrics in 44 groups of many versions, from files, beside other tools."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any, NamedTuple

from bench.environments import script
from bench.measure import Command, measure

STUDENTS = 2_000_000
VERSIONS = 200
PEER_VERSIONS = 2
PEERS = {"polars": 1.0, "duckdb": 1.0, "scikit-learn": 1.0, "fairlearn": 0.1}
"""Tool and the share of the students that it is given: Fairlearn would take the better part of an hour."""


class Comparing(NamedTuple):
    """What one tool took.

    Attributes:
        tool: Its name.
        what: `exact, per version`, or a filter over all versions.
        seconds: Median seconds; scaled up linearly where the tool got a share of the students.
        heap: Peak bytes of its own memory.
        auc: AUC of everyone of the first version, to see that all tools did the same; None for filters.
    """

    tool: str
    what: str
    seconds: float
    heap: int
    auc: float | None


def run_comparing(work: Path, *, scale: float) -> list[Comparing]:
    """Make the files, then let each tool work on them.

    Raises:
        CommandFailed: A tool failed.
    """
    students, versions = int(STUDENTS * scale), max(PEER_VERSIONS, int(VERSIONS * scale))
    whole, part = work / "whole", work / "part"
    generate(whole, students, versions)
    generate(part, int(students * PEERS["fairlearn"]), PEER_VERSIONS)
    rows = _rollbook(whole, versions)
    for tool, share in PEERS.items():
        found, heap = _told([*script("compare", "compare_peers.py"), tool, str(part if share < 1 else whole), "2"])
        seconds = statistics.median(found["seconds"]) / share
        rows.append(Comparing(tool, EXACT, seconds, heap, found["auc"][0] if share == 1 else None))
    return rows


EXACT = "exact, per version"


def _rollbook(folder: Path, versions: int) -> list[Comparing]:
    own = [sys.executable, str(Path(__file__).parent / "peers" / "rollbook_compare.py")]
    found, heap = _told([*own, str(folder), str(versions)])
    rows = [Comparing("rollbook", EXACT, found["whole"] / versions, heap, found["auc"][0])]
    filters: dict[str, float] = found["filters"]
    return rows + [Comparing("rollbook", what, took / 1000, heap, None) for what, took in filters.items()]


def _told(words: list[str]) -> tuple[dict[str, Any], int]:
    measured = measure(Command(words, Path.cwd()))
    return json.loads(measured.output.strip().splitlines()[-1]), measured.heap


def generate(folder: Path, students: int, versions: int) -> None:
    """Labels of students and scores of versions, the same at every run."""
    done = folder / f"made-{students}-{versions}"
    if done.exists():
        return
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    r = np.random.default_rng(0)
    truth = (r.random(students) < 0.3).astype(np.int8)
    levels = {"grade": 12, "gender": 3, "ethnicity": 6, "prior": 4}
    labels = {name: r.integers(0, count, students, dtype=np.int8) for name, count in levels.items()}
    pq.write_table(pa.table({"truth": truth, **labels}), folder / "labels.parquet")
    for version in range(versions):
        skill = 0.2 + 0.4 * version / versions
        score = np.clip(skill * truth + (1 - skill) * r.random(students), 0, 1)
        target = folder / f"scores-{version}.parquet"
        pq.write_table(pa.table({"score": score}), target, compression="none", use_dictionary=False)
    done.touch()
