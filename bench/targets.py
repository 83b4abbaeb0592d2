"""What must be reached, as decisions over measured values: pure, so that the tests can hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bench.comparing import EXACT, Comparing
from bench.history import LogCost
from bench.search import SearchCost
from bench.serving import Serving
from bench.startup import StartUp
from bench.storage import Outcome
from bench.transfer import Transfer

PEERS = ("wandb", "mlflow", "dvc")
HEAP_LIMIT = 400 << 20
# Below full size, start-up is most of a run, and limits in seconds or on deduplication mean nothing.
FULL_SCALE = 0.99


class Check(NamedTuple):
    """One thing that must be reached.

    Attributes:
        name: What it is about.
        value: What was measured, for people.
        limit: What must be, for people.
        reached: Whether it was; None where this run cannot tell (a peer is missing, or the scale is too small).
    """

    name: str
    value: str
    limit: str
    reached: bool | None


def check_storage(outcomes: Sequence[Outcome], *, scale: float) -> list[Check]:
    """The targets of the workloads in `outcomes`. Ratios are peer / Rollbook: larger is better for Rollbook."""
    table = {(outcome.workload, outcome.tool): outcome for outcome in outcomes}
    measured = {outcome.workload for outcome in outcomes}
    checks: list[Check] = []
    if "W1" in measured:
        checks += _w1(table, scale)
    if "W2" in measured:
        checks += _w2(table)
    for workload, share in (("W3", 0.06), ("W4", 0.15)):
        if workload in measured:
            checks += [_faster(table, workload, "relog", peer, 5) for peer in PEERS]
            checks.append(_disk(table, workload, share))
    if "W3" in measured:
        checks.append(_faster(table, "W3", "relog", "hf_xet", 1))
    return [*checks, _heap(outcomes)]


def check_startup(rows: Sequence[StartUp]) -> list[Check]:
    """Limits in seconds."""
    seconds = {(row.tool, row.what): row.seconds for row in rows}
    return [
        _at_most("import rollbook", seconds["rollbook", "import"], 0.15, "s"),
        _at_most("rollbook --help", seconds["rollbook", "--help"], 0.25, "s"),
    ]


def check_history(rows: Sequence[LogCost]) -> list[Check]:
    """The cost of one `log()` on the training thread."""
    costs = {row.tool: row for row in rows}
    return [
        _at_most("log(), mean of all calls", costs["rollbook"].mean, 20, "us"),
        _at_most("log(), median", costs["rollbook"].median, 20, "us"),
    ]


def check_comparing(rows: Sequence[Comparing], *, scale: float) -> list[Check]:
    """Exact numbers of one version beside other tools; filters over all versions; memory; and the same AUC."""
    exact = {row.tool: row for row in rows if row.what == EXACT}
    own = exact["rollbook"]
    checks = [
        Check(
            f"exact, per version: {peer} / rollbook",
            f"{(found := exact[peer].seconds / own.seconds):.1f}x",
            f">= {times}x",
            found >= times,
        )
        for peer, times in (("polars", 15), ("scikit-learn", 100))
    ]
    limits = {row.what: 0.01 if row.what == "standard groups" else 0.1 for row in rows if row.what != EXACT}
    checks += [
        _at_most(f"all versions: {row.what}", row.seconds, limits[row.what], "s") for row in rows if row.what in limits
    ]
    if scale < FULL_SCALE:
        checks = [check._replace(reached=None) for check in checks]
    apart = max(abs(row.auc - own.auc) for row in exact.values() if row.auc is not None and own.auc is not None)
    checks.append(Check("AUC, largest difference to a peer", f"{apart:.1e}", "<= 1e-12", apart <= 1e-12))
    return [*checks, Check("peak memory of our own", f"{own.heap >> 20} MiB", "<= 600 MiB", own.heap <= 600 << 20)]


def check_transfer(rows: Sequence[Transfer], *, scale: float) -> list[Check]:
    """Speeds over the loopback, and beside MLflow's artifact proxy."""
    table = {(row.tool, row.step): row for row in rows}
    checks: list[Check] = []
    for step, least in (("upload", 200), ("upload x8", 300), ("download", 500)):
        speed = table["rollbook", step].speed
        reached = speed >= least if scale >= FULL_SCALE else None
        checks.append(Check(f"transfer, {step}", f"{speed:.0f} MiB/s", f">= {least} MiB/s", reached))
    for step in ("upload", "upload x8", "download", "upload small", "download small"):
        ratio = table["mlflow", step].seconds / table["rollbook", step].seconds
        checks.append(Check(f"transfer, {step}: mlflow / rollbook", f"{ratio:.1f}x", ">= 3x", ratio >= 3))
    return checks


def check_serving(rows: Sequence[Serving], *, scale: float) -> list[Check]:
    """Latency of lists, commits of many writers, a version of many files, and what overload does."""
    limits = {
        "p95": (0.3, True),
        "errors": (0, True),
        "commits": (50, False),
        "upload and commit": (60, True),
        "server's memory": (1024, True),
        "neither answered nor shed": (0, True),
        "recovered after": (10, True),
    }
    checks: list[Check] = []
    for row in rows:
        if row.measure in limits:
            limit, at_most = limits[row.measure]
            reached = row.value <= limit if at_most else row.value >= limit
            told = f"{'<=' if at_most else '>='} {limit:g} {row.unit}".strip()
            value = f"{row.value:.2f} {row.unit}".strip()
            checks.append(Check(f"{row.what}: {row.measure}", value, told, reached if scale >= FULL_SCALE else None))
    return checks


def check_search(rows: Sequence[SearchCost]) -> list[Check]:
    """Milliseconds of the first page, of each kind of query."""
    return [
        _at_most(f"first page: {row.what}, p95 of {row.samples}", row.p95, 100, "ms")
        for row in rows
        if row.tool == "rollbook"
    ]


def _w1(table: dict[tuple[str, str], Outcome], scale: float) -> list[Check]:
    again = _at_most("W1 again", table["W1", "rollbook"].seconds["again"], 1.2, "s")
    return [
        *(_faster(table, "W1", "log", peer, 2) for peer in PEERS),
        _slower_at_most(table, "W1", "log", "cp+fsync", 2),
        again if scale >= FULL_SCALE else again._replace(reached=None),
        _slower_at_most(table, "W1", "get", "cp+fsync", 1.5),
        _slower_at_most(table, "W1", "get cold", "cp+fsync", 1.5),
    ]


def _w2(table: dict[tuple[str, str], Outcome]) -> list[Check]:
    checks: list[Check] = []
    for step in ("log", "1 %"):
        checks += [_faster(table, "W2", step, peer, 3) for peer in PEERS]
        checks.append(_faster(table, "W2", step, "borg", 1))
    checks += [_slower_at_most(table, "W2", step, "cp+fsync", 1.5) for step in ("get", "get cold")]
    return checks + [
        _faster(table, "W2", step, peer, 1)
        for step in ("get", "get cold")
        for peer in ("mlflow", "dvc", "hf_xet", "borg")
    ]


def _faster(table: dict[tuple[str, str], Outcome], workload: str, step: str, peer: str, times: float) -> Check:
    name, limit = f"{workload} {step}: {peer} / rollbook", f">= {times:g}x"
    ratio = _ratio(table, workload, step, peer)
    return Check(name, _times(ratio), limit, None if ratio is None else ratio >= times)


def _slower_at_most(table: dict[tuple[str, str], Outcome], workload: str, step: str, peer: str, times: float) -> Check:
    name, limit = f"{workload} {step}: rollbook / {peer}", f"<= {times:g}x"
    ratio = _ratio(table, workload, step, peer)
    return Check(name, _times(ratio and 1 / ratio), limit, None if ratio is None else 1 / ratio <= times)


def _ratio(table: dict[tuple[str, str], Outcome], workload: str, step: str, peer: str) -> float | None:
    """Seconds of `peer` by seconds of Rollbook; None where one of them has none."""
    try:
        return table[workload, peer].seconds[step] / table[workload, "rollbook"].seconds[step]
    except KeyError:
        return None


def _disk(table: dict[tuple[str, str], Outcome], workload: str, share: float) -> Check:
    own = table[workload, "rollbook"]
    return Check(
        f"{workload} disk / logical",
        f"{own.disk / own.logical:.1%}",
        f"<= {share:.0%}",
        own.disk <= share * own.logical,
    )


def _heap(outcomes: Sequence[Outcome]) -> Check:
    peak = max(outcome.heap for outcome in outcomes if outcome.tool == "rollbook")
    return Check(
        f"{outcomes[0].workload} peak memory of our own",
        f"{peak >> 20} MiB",
        f"<= {HEAP_LIMIT >> 20} MiB",
        peak <= HEAP_LIMIT,
    )


def _at_most(name: str, value: float, limit: float, unit: str) -> Check:
    return Check(name, f"{value:.3g} {unit}", f"<= {limit:g} {unit}", value <= limit)


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}x"
