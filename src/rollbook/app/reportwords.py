"""A report's numbers and findings in words that need no statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from rollbook.compare.metrics import metric as definition_of
from rollbook.model.results import Comparison

NONE = "-"
_MOST_NAMED = 5
Row = Mapping[str, Any]


def amount(number: float | None) -> str:
    """A number with three decimals, or a dash."""
    return NONE if number is None else f"{number:.3f}"


def interval(number: float | None, low: float | None, high: float | None, *, signed: bool = False) -> str:
    """A number with its interval, where it has one."""
    if number is None:
        return NONE
    shown = f"{number:+.3f}" if signed else f"{number:.3f}"
    return shown if low is None or high is None else f"{shown} [{low:.3f}, {high:.3f}]"


def value(row: Row) -> str:
    """A row's value: withheld, undefined with its reason, or the number with its interval."""
    if row["status"] == "suppressed":
        return "withheld"
    if row["value"] is None:
        return f"undefined ({str(row['reason']).replace('_', ' ')})"
    return interval(row["value"], row["low"], row["high"])


def people(row: Row) -> str:
    """Students behind a number."""
    return NONE if row["n_students"] is None else f"{row['n_students']:,}"


def p_value(p: float | None) -> str:
    """A p-value; below 0.001 it says no more than that."""
    return NONE if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def begun(text: str) -> str:
    """A text that begins a sentence; names within it stay as they are."""
    return text[:1].upper() + text[1:]


def sentences(report: Comparison) -> Iterator[str]:
    """What a school leader should know, one sentence each."""
    yield _who(report)
    yield from _best(report)
    yield from _gaps(report)
    withheld = sum(row["status"] == "suppressed" for row in report.rows)
    if withheld:
        yield f"{_counted(withheld, 'number')} withheld: too few students stand behind them."
    if report.standing.kind == "exploratory":
        yield "Treat what stands here as a question for new students, not as proof: it was not fixed before the look."
    yield from (f"{begun(warning).rstrip('.')}." for warning in report.warnings)


def _who(report: Comparison) -> str:
    students = "an undisclosed number of students" if report.n_students is None else f"{report.n_students:,} students"
    where = report.plan.get("where")
    only = ", ".join(f"{name} {told}" for name, told in where.items()) if isinstance(where, dict) else ""
    verb = "was measured" if len(report.models) == 1 else "were compared"
    return f"{_counted(len(report.models), 'version')} {verb} on {students}{f' with {only}' if only else ''}."


def _best(report: Comparison) -> Iterator[str]:
    if len(report.models) == 1 or not report.tied_sets:
        return
    tied = cast(Row, report.tied_sets[0])
    title = definition_of(str(tied["metric"])).title
    if tied["best"] is None:
        yield f"No version can be called best by {title}: none has a value."
        return
    others = [name for name in cast("list[str]", list(tied["members"])) if name != tied["best"]]
    if not others:
        yield f"{tied['best']} is better than every other version by {title}, beyond what luck explains."
        return
    shown = ", ".join(others[:_MOST_NAMED])
    more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    yield f"{tied['best']} has the best {title}, but these students cannot tell it from {shown}{more}."
    yield "Not being told apart does not mean being equal: see how large a difference had to be to be found."


def _gaps(report: Comparison) -> Iterator[str]:
    """One sentence per grouping, about the best version and the primary metric."""
    model = report.best or report.models[0].label
    primary = report.metrics[0].partition("@")[0]
    for gap in cast("tuple[Row, ...]", report.gaps):
        if gap["model"] != model or gap["metric"] != primary or gap["value"] is None:
            continue
        title = definition_of(primary).title
        size = f"Between groups of {gap['group_attr']}, {model} differs by {gap['value']:.3f} in {title}"
        if gap["low"] is not None and gap["low"] > 0:
            yield f"{size}; {gap['worst'] or gap['lowest']} is worse off, beyond what luck explains."
        else:
            yield f"{size}: no more than luck may do, which is no proof that none is worse off."


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
