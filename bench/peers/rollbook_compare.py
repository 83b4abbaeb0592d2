"""The same as `compare_peers.py`, by Rollbook: `rollbook_compare.py FOLDER VERSIONS` prints JSON.

Every version's cube and the exact AUC of every group, two versions at a time; then filters over all cubes.
"""

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from rollbook.compare import cube
from rollbook.compare.lattice import lattice

GROUPINGS = [("grade",), ("gender",), ("ethnicity",), ("prior",), ("gender", "ethnicity")]
ATTRIBUTES = ("grade", "gender", "ethnicity", "prior")
METRICS = ("auc", "f1", "precision", "recall", "fpr", "accuracy", "brier", "log_loss", "ece_width")
WORKERS = 2

folder, versions = Path(sys.argv[1]), int(sys.argv[2])


def numbers_of(made: Any, summed: cube.Cube) -> list[float]:
    """Nine metrics in every declared group; the first is the AUC of everyone."""
    return [a.value for group in range(len(made.groups)) for a in cube.of_group(summed, group, METRICS).values()]


def main() -> None:
    """Measure."""
    started = time.perf_counter()
    table = pq.read_table(folder / "labels.parquet")
    labels: dict[str, Any] = {name: table.column(name).to_numpy() for name in table.column_names}
    made = lattice(labels["truth"], np.arange(len(table)), {name: labels[name] for name in ATTRIBUTES}, GROUPINGS)
    prepared = time.perf_counter() - started
    cubes: list[Any] = [None] * versions
    aucs: list[float] = [0.0] * versions
    lock = threading.Lock()

    def one(version: int) -> float:
        score = pq.read_table(folder / f"scores-{version}.parquet", use_threads=False).column("score").to_numpy()
        summed = cube.build(made, score, 0.5)
        numbers = numbers_of(made, summed)
        kept = folder / f"cube-{version}.npy"  # counts are kept in files and mapped, as in a data directory
        np.save(kept, summed.counts)
        with lock:
            cubes[version], aucs[version] = summed._replace(counts=np.load(kept, mmap_mode="r")), numbers[0]
        return time.perf_counter()

    one(0)  # compiled code is loaded once in the life of a machine
    begun = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, range(versions)))
    whole = time.perf_counter() - begun
    print("\n" + json.dumps({"prepare": prepared, "whole": whole, "auc": aucs, **filters(made, cubes)}))


def filters(made: Any, cubes: list[cube.Cube]) -> dict[str, float]:
    """Milliseconds of one question about all versions."""
    questions: dict[str, dict[str, list[str]]] = {
        "one cell": {"grade": ["7"], "gender": ["1"], "ethnicity": ["2"], "prior": ["0"]},
        "two levels": {"gender": ["1"], "grade": ["7", "8"]},
        "one attribute": {"ethnicity": ["0", "1", "2"]},
        "half of the cells": {"gender": ["0", "1"], "prior": ["0", "1", "2"]},
    }
    found: dict[str, float] = {}
    for name, where in questions.items():
        started = time.perf_counter()
        chosen = made.chosen(where)
        for summed in cubes:
            cube.answers(made, summed, chosen, METRICS)
        found[name] = (time.perf_counter() - started) * 1000
    started = time.perf_counter()
    np.stack([summed.exact for summed in cubes])
    found["standard groups"] = (time.perf_counter() - started) * 1000
    return {"filters": found}  # type: ignore[dict-item]


main()
