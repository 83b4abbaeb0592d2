"""`python -m bench [PART]`: run, print, keep; exits with 1 if something was missed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from bench import comparing, history, machine, report, search, serving, startup, storage, targets, transfer
from bench.measure import CommandFailed
from bench.tools import Tool, all_tools

WORK = Path(__file__).parent / ".work"


class Part(NamedTuple):
    """One finished benchmark: what to print, what to check, what to keep."""

    text: str
    checks: list[targets.Check]
    rows: Sequence[Any]


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; 0 if every part ran and everything that this run can tell was reached."""
    options = _options(arguments)
    WORK.mkdir(exist_ok=True)
    facts = {**machine.facts(WORK), "scale": str(options.scale), "rounds": options.rounds}
    print("  ".join(f"{name}={value}" for name, value in facts.items()), flush=True)
    parts = {name: _run(name, part) for name, part in _parts(options).items()}
    done = {name: part for name, part in parts.items() if part is not None}
    results = {name: [row._asdict() for row in [*part.rows, *part.checks]] for name, part in done.items()}
    print(f"\nkept in {report.keep(WORK / 'results', options.what, facts, results)}")
    missed = any(check.reached is False for part in done.values() for check in part.checks)
    return 1 if missed or len(done) < len(parts) else 0


def _run(name: str, part: Callable[[], Part]) -> Part | None:
    """Run and show one part. A failure ends this part only: the others took too long to lose."""
    print(f"\nrunning {name} ...", file=sys.stderr, flush=True)
    try:
        done = part()
    except (CommandFailed, storage.WrongBytes) as error:
        print(f"\n{name} FAILED: {error}", flush=True)
        return None
    print(f"\n{done.text}\n\n{report.check_table(done.checks)}", flush=True)
    return done


def _parts(options: argparse.Namespace) -> dict[str, Callable[[], Part]]:
    wanted = (
        ("startup", "log", "compare", "search", "serving", "transfer", "storage")
        if options.what == "all"
        else (options.what,)
    )
    parts: dict[str, Callable[[], Part]] = {}
    if "startup" in wanted:
        parts["startup"] = lambda: _startup(options)
    if "log" in wanted:
        parts["log"] = lambda: _history(options)
    if "compare" in wanted:
        parts["compare"] = lambda: _comparing(options)
    if "search" in wanted:
        parts["search"] = lambda: _search(options)
    if "serving" in wanted:
        parts["serving"] = lambda: _serving(options)
    if "transfer" in wanted:
        parts["transfer"] = lambda: _transfer(options)
    if "storage" in wanted:
        tools = _chosen(options.tools)
        for workload in storage.standard_workloads(options.rounds):
            if not options.workloads or workload.name in options.workloads:
                parts[workload.name] = partial(_storage, workload, tools, options.scale)
    return parts


def _startup(options: argparse.Namespace) -> Part:
    rows = startup.run_startup(WORK / "startup", rounds=3 * options.rounds)
    return Part(report.startup_table(rows), targets.check_startup(rows), rows)


def _history(options: argparse.Namespace) -> Part:
    rows = history.run_history(WORK / "log", calls=int(20_000 * options.scale), rounds=options.rounds)
    return Part(report.history_table(rows), targets.check_history(rows), rows)


def _comparing(options: argparse.Namespace) -> Part:
    rows = comparing.run_comparing(WORK / "compare", scale=options.scale)
    return Part(report.comparing_table(rows), targets.check_comparing(rows, scale=options.scale), rows)


def _serving(options: argparse.Namespace) -> Part:
    rows = serving.run_serving(WORK / "serving", scale=options.scale)
    return Part(report.serving_table(rows), targets.check_serving(rows, scale=options.scale), rows)


def _search(options: argparse.Namespace) -> Part:
    rows = search.run_search(WORK / "search", scale=options.scale, rounds=options.rounds)
    return Part(report.search_table(rows), targets.check_search(rows), rows)


def _transfer(options: argparse.Namespace) -> Part:
    rows = transfer.run_transfer(WORK / "transfer", scale=options.scale, rounds=options.rounds)
    return Part(report.transfer_table(rows), targets.check_transfer(rows, scale=options.scale), rows)


def _storage(workload: storage.Workload, tools: Sequence[Tool], scale: float) -> Part:
    outcomes = storage.run_workload(workload, tools, WORK / "storage", scale=scale)
    return Part(report.storage_table(outcomes), targets.check_storage(outcomes, scale=scale), outcomes)


def _chosen(names: list[str]) -> list[Tool]:
    tools = all_tools()
    if not any(tool.name == "borg" for tool in tools):
        print("borg is not installed (Debian: apt-get install borgbackup): not compared with it", file=sys.stderr)
    return [tool for tool in tools if not names or tool.name in {"rollbook", *names}]


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run bench", description="Compare Rollbook with other tools on this machine."
    )
    parser.add_argument(
        "what",
        nargs="?",
        default="all",
        choices=["storage", "startup", "log", "compare", "search", "serving", "transfer", "all"],
    )
    parser.add_argument(
        "--scale", type=float, default=1.0, help="fraction of the full sizes (full: about 60 GB of disk)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is repeated; medians are shown")
    parser.add_argument("--workloads", nargs="*", default=[], choices=["W1", "W2", "W3", "W4"])
    parser.add_argument("--tools", nargs="*", default=[], help="compare only with these")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
