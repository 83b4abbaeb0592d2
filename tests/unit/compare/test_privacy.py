"""No number of a small group is shown, nor one from which it could be subtracted."""

from __future__ import annotations

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rollbook.compare import ComparisonPlan, compare
from rollbook.compare.privacy import withheld

EVERYONE = ((), ())


def one(attribute: str, **sizes: int):
    groups = {((attribute,), (value,)): size for value, size in sizes.items()}
    return groups | {EVERYONE: sum(sizes.values())}


def test_large_groups_are_shown() -> None:
    assert withheld(one("g", a=10, b=90), frozenset(), 10) == frozenset()


def test_a_single_small_group_takes_the_next_smallest_with_it() -> None:
    assert withheld(one("g", a=9, b=90, c=40), frozenset(), 10) == {(("g",), ("a",)), (("g",), ("c",))}


def test_small_groups_that_together_are_small_take_another_with_them() -> None:
    assert withheld(one("g", a=3, b=4, c=50, d=80), frozenset(), 10) == {(("g",), (v,)) for v in "abc"}
    assert withheld(one("g", a=6, b=7, c=50, d=80), frozenset(), 10) == {(("g",), (v,)) for v in "ab"}


def test_an_exposed_group_is_treated_like_a_small_one() -> None:
    key = (("g",), ("b",))
    assert withheld(one("g", a=60, b=40, c=50), frozenset({key}), 10) == {key, (("g",), ("c",))}


def test_parts_of_a_withheld_group_are_withheld() -> None:
    crossed = {(("g", "r"), (g, r)): 30 for g in "ab" for r in "xyz"}
    sizes = one("r", x=5, y=60, z=60) | crossed
    hidden = withheld(sizes, frozenset(), 10)
    assert {(("g", "r"), (g, r)) for g in "ab" for r in "xy"} <= hidden


def test_a_small_cell_of_an_intersection_hides_one_in_its_row_and_one_in_its_column() -> None:
    sizes = {(("g", "r"), (g, r)): 40 for g in "ab" for r in "xyz"} | {EVERYONE: 240}
    sizes[("g", "r"), ("a", "x")] = 4
    hidden = withheld(sizes, frozenset(), 10)
    assert sum(key[1][0] == "a" for key in hidden) >= 2
    assert sum(key[1][1] == "x" for key in hidden) >= 2


def test_everyone_being_too_few_hides_everything() -> None:
    sizes = one("g", a=4, b=4)
    assert withheld(sizes, frozenset(), 10) == set(sizes)


tables = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.sampled_from("wxyz")), st.integers(0, 60), min_size=1, max_size=12
)


@given(tables, st.integers(1, 25))
def test_no_line_has_exactly_one_withheld_group_beside_shown_ones(table, minimum) -> None:
    sizes = {(("g", "r"), cell): size for cell, size in table.items()}
    for axis, name in ((0, "g"), (1, "r")):
        for value in {cell[axis] for cell in table}:
            sizes[(name,), (value,)] = sum(size for cell, size in table.items() if cell[axis] == value)
    sizes[EVERYONE] = sum(table.values())
    hidden = withheld(sizes, frozenset(), minimum)
    assert all(sizes[key] >= minimum for key in sizes if key not in hidden)
    for axis in (0, 1):
        for value in {cell[axis] for cell in table}:
            line = [key for key in sizes if len(key[0]) == 2 and key[1][axis] == value]
            inside = [key for key in line if key in hidden]
            if inside and len(inside) < len(line):
                assert len(inside) > 1
                assert sum(sizes[key] for key in inside) >= minimum
    shown = {key: size for key, size in sizes.items() if key not in hidden}
    assert withheld(sizes, hidden, minimum) == hidden
    assert not shown or withheld(shown, frozenset(), minimum) == frozenset()


def labels(n: int = 300):
    return np.repeat(["A", "B", "C", "tiny"], [150, 90, 52, 8])


PLAN = ComparisonPlan(metrics=("auc", "fpr", "precision"), by=(("g",),), n_boot=100, suppress=True)


def test_a_withheld_group_has_no_number_of_any_kind_for_any_version(make) -> None:
    data = [make(300, groups={"g": labels()}, noise=noise) for noise in (1.0, 2.0)]
    report = compare(data, PLAN)
    hidden = {row.group_value for row in report.rows if row.status == "suppressed"}
    assert hidden == {"C", "tiny"}
    for row in report.rows:
        if row.group_value in hidden:
            assert (row.status, row.reason, row.note, row.method) == ("suppressed", "below_min_n", "", "")
            assert {row.value, row.low, row.high, row.se, row.n, row.n_students, row.n_pos} == {None}
        else:
            assert row.status == "ok"
    assert all(set(gap.groups) <= {"A", "B"} for gap in report.gaps)
    assert [gap.groups for gap in report.gaps if gap.metric == "fpr"] == [("A", "B")] * 2
    assert "2 groups are withheld because they are small, or would reveal one that is" in report.warnings


def test_the_owner_sees_every_group(make) -> None:
    data = make(300, groups={"g": labels()})
    report = compare([data], msgspec.structs.replace(PLAN, suppress=False))
    assert all(row.status != "suppressed" for row in report.rows)
    assert report.row(data.label, "auc", "g", "tiny").n == 8


def test_a_large_group_with_few_positives_is_withheld(make) -> None:
    truth = (np.arange(300) % 3 == 0).astype(float)
    truth[:120] = 0
    truth[:3] = 1
    groups = {"g": np.repeat(["rare", "B", "C"], [120, 90, 90])}
    report = compare([make(300, truth=truth, groups=groups)], PLAN)
    assert report.row("noise-1.0:v1", "fpr", "g", "rare").status == "suppressed"


def test_a_rate_that_says_what_happened_to_each_student_is_withheld(make) -> None:
    groups = {"g": np.repeat(["all", "B", "C"], [40, 130, 130])}
    decision = (np.arange(300) % 2).astype(float)
    decision[:40] = 1
    data = make(300, groups=groups, prediction=decision)
    plan = ComparisonPlan(metrics=("selection_rate",), by=(("g",),), n_boot=100, suppress=True)
    hidden = {row.group_value for row in compare([data], plan).rows if row.status == "suppressed"}
    assert "all" in hidden
    assert len(hidden) == 2


def test_too_few_students_at_all_leave_nothing_but_the_plan(make) -> None:
    report = compare([make(8), make(8, noise=2.0)], msgspec.structs.replace(PLAN, by=()))
    assert {row.status for row in report.rows} == {"suppressed"}
    assert (report.n, report.n_students, report.pairwise, report.tied_sets) == (None, None, (), ())


def test_intersections_hide_the_same_groups_in_whatever_order_they_are_named(make) -> None:
    groups = {"g": labels(), "s": np.array(["x", "y"])[np.arange(300) % 2]}
    for by in ((("g",), ("g", "s")), (("g",), ("s", "g"))):
        report = compare([make(300, groups=groups)], msgspec.structs.replace(PLAN, by=by))
        crossed = {row.group_value: row.status for row in report.rows if "&" in row.group_attr}
        for value, status in crossed.items():
            if "tiny" in value or "C" in value.split(" & "):
                assert status == "suppressed"
