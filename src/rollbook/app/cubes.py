"""Cubes kept on disk: versions never change, so what their rows add up to is computed once. Derived: may be deleted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from blake3 import blake3

from rollbook.app.register import Register
from rollbook.compare.cube import Cube
from rollbook.compare.lattice import Group, Lattice
from rollbook.model.canonical import JSON, decode, encode
from rollbook.model.digest import Digest
from rollbook.model.errors import InvalidInput

FORMAT = 2
MAX_LOADED = 1000
"""Cubes mapped by one process at a time."""
FOLDER = Path("cache") / "cubes"
_COUNTS = "counts.npy"
_FACTS = "facts.json"
_ARRAYS = ("cells", "n_rows", "n_students", "member", "flagged", "sums", "exact")


class Kept(NamedTuple):
    """A cube and the cells that it counts.

    Attributes:
        lattice: Its cells and groups; rows are not kept (`tag` is empty).
        cube: What the rows add up to.
        rows: Digest of the rows (key, student, truth, attributes) in the order of their keys: equal for versions whose
            cells hold the same rows.
    """

    lattice: Lattice
    cube: Cube
    rows: Digest


class _Facts(msgspec.Struct, frozen=True):
    attributes: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    groups: tuple[Group, ...]
    whole: bool
    one_row_each: bool
    threshold: float | None
    rows: str
    checks: dict[str, str]


def name_of(evaluation: Digest, roster: Digest | None, at: int, definition: JSON) -> str:
    """What a cube is called: all that its numbers follow from.

    Args:
        evaluation: Digest of the evaluation.
        roster: Digest of the roster, or None.
        at: Instant at which a dated roster was read, UTC microseconds.
        definition: Attributes, bins.
    """
    facts: list[JSON] = [FORMAT, str(evaluation), str(roster), at, definition]
    return Digest.sha256(encode(facts)).hex


def find(register: Register, name: str) -> Kept | None:
    """A cube that was kept; None where there is none. A damaged one is removed, to be made again."""
    folder = register.root / FOLDER / name
    try:
        return _load(folder)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError, msgspec.ValidationError, InvalidInput):
        shutil.rmtree(folder, ignore_errors=True)
        return None


@lru_cache(maxsize=MAX_LOADED)
def _load(folder: Path) -> Kept:
    """Map a cube's counts, read the rest, and check every byte, once in a process."""
    facts = msgspec.convert(decode((folder / _FACTS).read_bytes()), _Facts)
    for file, expected in facts.checks.items():
        if blake3((folder / file).read_bytes()).hexdigest() != expected:
            raise ValueError(f"{file} is damaged")
    counts: Any = np.load(folder / _COUNTS, mmap_mode="r")
    arrays: dict[str, Any] = {key: np.load(folder / f"{key}.npy") for key in _ARRAYS}
    of_lattice = {key: arrays[key] for key in ("cells", "n_rows", "n_students", "member")}
    lattice = Lattice(
        attributes=facts.attributes,
        levels=facts.levels,
        tag=np.empty(0, dtype=np.uint16),
        whole=facts.whole,
        one_row_each=facts.one_row_each,
        groups=facts.groups,
        **of_lattice,
    )
    of_cube = {key: arrays[key] for key in ("flagged", "sums", "exact")}
    threshold = float("nan") if facts.threshold is None else facts.threshold
    return Kept(lattice, Cube(counts=counts, threshold=threshold, **of_cube), Digest.parse(facts.rows))


def keep(register: Register, name: str, kept: Kept) -> None:
    """Keep a cube, whole or not at all; one of the same name that is there already stays."""
    parent = register.root / FOLDER
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = parent / f".{register.random(8).hex()}"
    unfinished.mkdir(mode=0o700)
    try:
        checks: dict[str, str] = {}
        for key, value in _arrays(kept):
            np.save(unfinished / f"{key}.npy", value)
            checks[f"{key}.npy"] = blake3((unfinished / f"{key}.npy").read_bytes()).hexdigest()
        lattice, threshold = kept.lattice, kept.cube.threshold
        facts = _Facts(
            lattice.attributes,
            lattice.levels,
            lattice.groups,
            lattice.whole,
            lattice.one_row_each,
            None if np.isnan(threshold) else threshold,
            str(kept.rows),
            checks,
        )
        (unfinished / _FACTS).write_bytes(encode(msgspec.to_builtins(facts)))
        unfinished.rename(parent / name)
    except OSError:
        # No room, or another process was first. What is derived can be made again: no reason to refuse the answer.
        shutil.rmtree(unfinished, ignore_errors=True)


def _arrays(kept: Kept) -> Iterator[tuple[str, Any]]:
    yield "counts", kept.cube.counts
    for key in _ARRAYS:
        yield key, getattr(kept.lattice, key) if key in Lattice._fields else getattr(kept.cube, key)
