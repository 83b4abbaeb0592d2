"""Explore: any filter over declared attributes, for many versions at once, answered from cubes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rollbook import tables
from rollbook.app import cubes, evaluations, ledger
from rollbook.app.cubes import Kept
from rollbook.app.evaluations import Found
from rollbook.app.register import Register
from rollbook.compare import cube
from rollbook.compare.arrays import codes, keys
from rollbook.compare.attributes import text_labels
from rollbook.compare.lattice import Lattice, lattice
from rollbook.model.canonical import JSON
from rollbook.model.digest import Digest
from rollbook.model.errors import InvalidInput, InvalidTable, UnlikeProtocols
from rollbook.model.evaluation import GROUP_PREFIX
from rollbook.model.results import Exploration, ExploredMetric

MAX_VERSIONS = 500
WORKERS = 2
DEFAULT_METRICS = ("auc", "f1", "fpr")
_FACTS = ("row", "student", "truth")


class _Rows(NamedTuple):
    """The rows of an evaluation: who they are about, in the order in which they lie, and their cells."""

    facts: pa.Table
    roster: int | None
    lattice: Lattice
    digest: Digest


def explore(
    register: Register,
    references: Sequence[str],
    project: str,
    *,
    where: Mapping[str, Sequence[str]],
    metrics: Sequence[str] = (),
    attributes: Sequence[str] = (),
) -> Exploration:
    """Metrics of each version on the students that a filter keeps.

    A group of one attribute gets the exact AUC and its interval; other filters get the AUC of a histogram with the
    bound of its error, and no interval: `compare` gives it.

    Args:
        register: The register.
        references: Models or evaluations.
        project: Project at hand.
        where: For each attribute named, the levels to keep.
        metrics: `rollbook.compare.cube.METRICS_OF_CUBES`; empty for the usual ones.
        attributes: What the cubes can be filtered by; empty for all that the evaluations have.

    Raises:
        Forbidden: The actor may not see rows: a filter of one's own choice can single out a student.
        InvalidInput: An attribute, level or metric does not exist, or the attributes make too many cells.
        UnlikeProtocols: The evaluations were made under different protocols, on different rows, or with other
            attributes of students.
        FinalOpened: The dataset answers one comparison only.
    """
    if not 1 <= len(references) <= MAX_VERSIONS:
        raise InvalidInput(f"{len(references)} versions to explore", hint=f"name 1 to {MAX_VERSIONS}")
    with register.catalog.read() as connection:
        found = evaluations.find(register, connection, references, project)
    for item in found:
        register.allow("rows.read", item.evaluation.project_name, item.evaluation.name)
    ledger.enter_exploration(register, found)
    kept = _kept(register, found, tuple(sorted(attributes)))
    first = kept[0].lattice
    for item, other in zip(found, kept, strict=True):
        if other.rows != kept[0].rows:
            raise UnlikeProtocols(
                f"{item.label} was evaluated on other rows or with other attributes than {found[0].label}",
                hint="evaluate them on one dataset with one roster; compare says what differs",
            )
    chosen = first.chosen(where)
    who = cube.counted(first, chosen)
    wanted = tuple(metrics) or DEFAULT_METRICS
    return Exploration(
        models=tuple(item.label for item in found),
        where={name: tuple(levels) for name, levels in where.items()},
        attributes=dict(zip(first.attributes, first.levels, strict=True)),
        n=who.n,
        n_pos=who.n_pos,
        n_students=who.n_students,
        n_students_exact=who.exact,
        rows=tuple(
            row
            for item, one in zip(found, kept, strict=True)
            for row in _answers(item.label, one, chosen, where, wanted)
        ),
    )


def _answers(
    label: str, kept: Kept, chosen: Any, where: Mapping[str, Sequence[str]], metrics: Sequence[str]
) -> list[ExploredMetric]:
    group = _group_of(kept.lattice, where)
    if group is None:
        answers = cube.answers(kept.lattice, kept.cube, chosen, metrics)
    else:
        answers = cube.of_group(kept.cube, group, metrics)
    return [
        ExploredMetric(
            model=label,
            metric=name,
            value=_or_none(answer.value),
            bound=answer.bound,
            low=_or_none(answer.low),
            high=_or_none(answer.high),
            interval=answer.interval,
        )
        for name, answer in answers.items()
    ]


def _group_of(made: Lattice, where: Mapping[str, Sequence[str]]) -> int | None:
    """The declared group that a filter names, or None where it names another set of rows."""
    if any(len(levels) != 1 for levels in where.values()):
        return None
    named = (tuple(where), tuple(levels[0] for levels in where.values()))
    return made.groups.index(named) if named in made.groups else None  # type: ignore[arg-type]


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value


def _kept(register: Register, found: Sequence[Found], attributes: tuple[str, ...]) -> list[Kept]:
    """The cube of each evaluation: kept, or made now, on threads, and kept."""
    names = [_name(item, attributes) for item in found]
    kept = [cubes.find(register, name) for name in names]
    missing = [position for position, one in enumerate(kept) if one is None]
    rows: _Rows | None = None
    with ThreadPoolExecutor(WORKERS) as pool:
        waiting: list[tuple[int, Any]] = []
        for position in missing:
            table = evaluations.load_table(register, found[position].evaluation)
            rows = _rows(register, found[position], table, attributes, rows)
            waiting.append((position, pool.submit(_build, found[position], table, rows)))
            # One version's rows are read while another's are summed; no more are held at a time.
            if len(waiting) > WORKERS:
                _finish(register, names, kept, [waiting.pop(0)])
        _finish(register, names, kept, waiting)
    return [one for one in kept if one is not None]


def _finish(register: Register, names: Sequence[str], kept: list[Kept | None], done: list[tuple[int, Any]]) -> None:
    for position, future in done:
        made: Kept = future.result()
        cubes.keep(register, names[position], made)
        kept[position] = cubes.find(register, names[position]) or made


def _name(found: Found, attributes: tuple[str, ...]) -> str:
    roster = found.roster.version.digest if found.roster is not None else None
    definition: JSON = {"attributes": list(attributes), "bins": cube.BINS}
    return cubes.name_of(found.evaluation.version.digest, roster, found.evaluation.added_at, definition)


def _build(found: Found, table: pa.Table, rows: _Rows) -> Kept:
    column = "score" if "score" in table.column_names else "prediction"
    threshold = found.protocol.get("threshold") if column == "score" else 0.5
    score = np.ascontiguousarray(table.column(column).to_numpy(), dtype=np.float64)
    decides = float(threshold) if isinstance(threshold, int | float) else None
    return Kept(rows.lattice, cube.build(rows.lattice, score, decides), rows.digest)


def _rows(register: Register, found: Found, table: pa.Table, attributes: tuple[str, ...], last: _Rows | None) -> _Rows:
    """The evaluation's cells: those of the last one where the rows are the same, as they usually are."""
    facts = table.select([name for name in table.column_names if name in _FACTS or name.startswith(GROUP_PREFIX)])
    roster = found.roster.version.key if found.roster is not None else None
    if last is not None and roster == last.roster and facts.equals(last.facts):
        return last
    truth = table.column("truth").to_numpy()
    if "weight" in table.column_names or not np.isin(truth, (0, 1)).all():
        raise InvalidTable(
            f"{found.label} has {'weights' if 'weight' in table.column_names else 'a truth other than 0 and 1'}",
            hint="cubes are for unweighted binary evaluations; use compare",
        )
    loaded = evaluations.load_table(register, found.roster) if found.roster is not None else None
    labels = evaluations.attributes(table, loaded, found.evaluation.added_at)
    unknown = [name for name in attributes if name not in labels]
    if unknown:
        known = ", ".join(sorted(labels)) or "none"
        raise InvalidInput(f"{found.label} has no attribute {unknown[0]!r}", hint=f"it has: {known}")
    named = {name: labels[name] for name in attributes or sorted(labels)}
    _, coded = codes(keys(table.column("student").to_numpy(zero_copy_only=False)))
    made = lattice(truth, coded, named)
    columns = {name: table.column(name) for name in _FACTS}
    told = pa.table(columns | {GROUP_PREFIX + name: text_labels(values) for name, values in named.items()})
    digest = tables.logical_digest(told.take(pc.sort_indices(table.column("row"))))
    return _Rows(facts, roster, made, digest)
