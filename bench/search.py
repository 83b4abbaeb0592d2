"""The first page of a search, over versions with 50 metadata keys each, beside MLflow over a fiftieth as many runs."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from bench.environments import script
from bench.measure import Command, run
from bench.tools import mlflow_settings

VERSIONS = 100_000
PAGE = 50
_MLFLOW_SHARE = 50
_COLLECTIONS = 200
_BATCH = 1000

_COMMON = ["metadata.feature_3 > 0.5", "metadata.setting_1 = large"]
QUERIES: dict[str, tuple[str, str]] = {
    "everything": ("", ""),
    "one of all": ("metadata.seed = 47", ""),
    "rare range": ("metadata.optimizer.lr < 0.0000101", ""),
    "one of two": ("metadata.feature_3 > 0.5", ""),
    "two common": (" and ".join(_COMMON), ""),
    "five common": (" and ".join([*_COMMON, "metadata.feature_4 > 0.5", "metadata.fair = true", "type = model"]), ""),
    "never together": ("metadata.half = 1 and metadata.other_half = 1", ""),
    "or": ("metadata.half = 1 or metadata.feature_1 > 0.9", ""),
    "not": ("not metadata.half = 1", ""),
    "nothing at all": ("not exists(metadata.half)", ""),
    "one collection": ("collection = model_7 and metadata.feature_2 < 0.1", ""),
    "days": ("metadata.day > 2026-12-20", ""),
    "pattern, few texts": ('metadata.setting_2 ~ "^x-"', ""),
    "pattern, common": ('metadata.label ~ "a[bc]c"', ""),
    "text, rare": ('metadata.label contains "abcdef"', ""),
    "sorted": ("", "metadata.feature_5 desc"),
    "sorted, one of four": ("metadata.setting_1 = large", "metadata.feature_5 asc"),
    "sorted, rare": ("metadata.optimizer.lr < 0.000011", "size desc"),
}
MLFLOW_QUERIES: dict[str, tuple[str, str]] = {
    "everything": ("", ""),
    "one of all": ("params.seed = '47'", ""),
    "one of two": ("metrics.feature_3 > 0.5", ""),
    "two common": ("metrics.feature_3 > 0.5 and params.setting_1 = 'large'", ""),
    "sorted": ("", "metrics.feature_5 DESC"),
}


class SearchCost(NamedTuple):
    """What the first page of one kind of query took.

    Attributes:
        tool: Whose page.
        what: The kind of query.
        versions: Versions or runs that were searched.
        hits: On the page.
        median: Milliseconds.
        p95: Milliseconds; 95 of 100 pages were faster.
        samples: How often it was asked.
    """

    tool: str
    what: str
    versions: int
    hits: int
    median: float
    p95: float
    samples: int


def run_search(work: Path, *, scale: float = 1.0, rounds: int = 3) -> list[SearchCost]:
    """Make the versions, ask each kind of query `20 * rounds` times, and clean up.

    Raises:
        CommandFailed: MLflow failed.
    """
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    count = max(_BATCH, int(VERSIONS * scale))
    rows = [*_own(work / "store", count, 20 * rounds), *_mlflow(work / "mlflow", count // _MLFLOW_SHARE, 20 * rounds)]
    shutil.rmtree(work)
    return rows


def metadata_of(number: int, chance: random.Random) -> dict[str, Any]:
    """Fifty values: numbers, words, texts of their own, flags, days."""
    sizes, skills = ["small", "medium", "large", "x-large"], ["fractions", "algebra", "reading"]
    return {
        **{f"feature_{index}": chance.random() for index in range(30)},
        **{f"setting_{index}": chance.choice(sizes) for index in range(10)},
        "optimizer": {"lr": 10 ** chance.uniform(-5, -1), "name": chance.choice(["adam", "sgd", "adagrad"])},
        "seed": number,
        "label": f"experiment {hashlib.sha256(str(number).encode()).hexdigest()}",
        "half": number % 2,
        "other_half": (number + 1) % 2,
        "rare": number if number % 10_000 == 0 else None,
        "subject": chance.choice(skills),
        "fair": chance.random() < 0.5,
        "day": f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
    }


def _own(home: Path, count: int, samples: int) -> Iterator[SearchCost]:
    from rollbook.app import datadir, search
    from rollbook.model.query import SearchAsk

    register = datadir.open_directory(
        home, user="user:bench", clock=lambda: time.time_ns() // 1000, random=random.randbytes, create=True
    )
    _fill(register, count)
    for what, (query, sort) in QUERIES.items():
        ask = SearchAsk(query=query, sort=sort, limit=PAGE)
        hits = len(search.search(register, ask, "math").versions)
        times: list[float] = []
        for _ in range(samples):
            started = time.perf_counter()
            search.search(register, ask, "math")
            times.append((time.perf_counter() - started) * 1000)
        yield _cost("rollbook", what, count, hits, times)


def _fill(register: Any, count: int) -> None:
    """Rows as commits write them, many at a time; then what search looks at, as a migration writes it."""
    from sqlalchemy import insert

    from rollbook.catalog import collections, search_rebuild
    from rollbook.catalog.rows import Act
    from rollbook.catalog.schema import memberships, versions

    chance = random.Random(0)
    kinds = ["model", "dataset", "evaluation"]
    with register.catalog.write() as connection:
        project = register.ensure_project(connection, "math")
        act = Act(actor="user:bench", at=1)
        held = [
            collections.ensure(connection, project, f"model_{index}", type=kinds[index % 3], id=f"c{index}", act=act)
            for index in range(_COLLECTIONS)
        ]
        for start in range(0, count, _BATCH):
            made = [
                _version(project, held[number % _COLLECTIONS], number, chance)
                for number in range(start, start + _BATCH)
            ]
            connection.execute(insert(versions), made)
            connection.execute(
                insert(memberships),
                [_membership(project, held[row["key"] % _COLLECTIONS], row["key"]) for row in made],
            )
        search_rebuild.rebuild(connection, project.key)


def _version(project: Any, collection: Any, number: int, chance: random.Random) -> dict[str, Any]:
    from rollbook.model.canonical import encode
    from rollbook.model.digest import Digest

    metadata = encode(metadata_of(number, chance))
    digest = Digest.sha256(metadata)
    return {
        "key": number + _COLLECTIONS,
        "organisation": project.organisation,
        "project": project.key,
        "id": f"v{number}",
        "digest": digest,
        "type": collection.type,
        "data_class": "internal",
        "manifest_digest": digest,
        "manifest_blob": digest,
        "metadata": metadata.decode(),
        "schemas": "{}",
        "seal": metadata,
        "size": chance.randint(1, 10**9),
        "file_count": 1,
        "created_by_run": None,
        "created_at": 1_790_000_000_000_000 + number * 1_000_000,
        "created_by": "user:bench",
    }


def _membership(project: Any, collection: Any, version: int) -> dict[str, Any]:
    return {
        "organisation": project.organisation,
        "project": project.key,
        "collection": collection.key,
        "number": version // _COLLECTIONS,
        "version": version,
        "added_at": 1,
        "added_by": "user:bench",
    }


def _mlflow(home: Path, count: int, samples: int) -> Iterator[SearchCost]:
    home.mkdir()
    chance = random.Random(0)
    (home / "runs.json").write_text(json.dumps([metadata_of(number, chance) for number in range(count)]))
    (home / "queries.json").write_text(json.dumps(MLFLOW_QUERIES))
    words = [*script("mlflow", "mlflow_search.py"), str(PAGE), str(samples)]
    asked: dict[str, Any] = json.loads(run(Command(words, home, mlflow_settings(home))).splitlines()[-1])
    for what, (hits, times) in asked.items():
        yield _cost("mlflow", what, count, hits, times)


def _cost(tool: str, what: str, versions: int, hits: int, milliseconds: list[float]) -> SearchCost:
    ordered = sorted(milliseconds)
    middle, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    return SearchCost(tool, what, versions, hits, middle, late, len(ordered))
