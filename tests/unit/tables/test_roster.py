"""Joining student attributes to predictions."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from rollbook.model.errors import InvalidTable, JoinMismatch
from rollbook.model.pseudonym import Key, pseudonym
from rollbook.tables import conform, conform_roster, join_roster

KEY = Key(bytes(range(32)))
OTHER = Key(b"another key of thirty-two bytes!")


def evaluation(students: list[Any], **columns: Any) -> pa.Table:
    count = len(students)
    base = {"student": students, "truth": [0] * count, "score": [0.5] * count, "row": [f"r{n}" for n in range(count)]}
    return conform(pa.table(base | columns), key=KEY)


def labels(joined: dict[str, pa.Array]) -> dict[str, list[str]]:
    return {name: array.to_pylist() for name, array in joined.items()}


def test_each_row_gets_its_students_labels() -> None:
    roster = conform_roster(
        pa.table({"id": [1, 2, 3], "grade": [8.0, None, 9.5], "el": [True, False, None]}), key=KEY, student="id"
    )
    assert roster.column_names == ["student", "grade", "el"]
    assert roster["student"].to_pylist() == [pseudonym(KEY, n) for n in (1, 2, 3)]
    joined = join_roster(evaluation(["3", "1", "2", "1"]), roster)
    assert labels(joined) == {
        "grade": ["9.5", "8", "(missing)", "8"],
        "el": ["(missing)", "true", "false", "true"],
    }
    assert labels(join_roster(evaluation(["1"]), roster, attributes=["el"])) == {"el": ["true"]}
    with pytest.raises(InvalidTable, match="no column 'ell'"):
        join_roster(evaluation(["1"]), roster, attributes=["ell"])


def test_a_few_unknown_students_are_missing_and_many_are_an_error() -> None:
    roster = conform_roster(pa.table({"student": list(range(95)), "g": ["x"] * 95}), key=KEY)
    joined = join_roster(evaluation(list(range(100))), roster)
    assert labels(joined)["g"] == ["x"] * 95 + ["(missing)"] * 5
    with pytest.raises(JoinMismatch, match=r"knows 95 of the evaluation's 101 students \(94.1%\)") as caught:
        join_roster(evaluation(list(range(101))), roster)
    assert "written alike" in caught.value.hint


def test_the_likely_fix_is_named() -> None:
    table = pa.table({"student": [1, 2], "g": ["x", "y"]})
    with pytest.raises(JoinMismatch) as caught:
        join_roster(evaluation([1, 2]), conform_roster(table, key=OTHER))
    assert KEY.key_id in caught.value.hint
    assert OTHER.key_id in caught.value.hint
    raw = pa.table({"student": ["1", "2"], "g": ["x", "y"]})
    with pytest.raises(JoinMismatch) as caught:
        join_roster(evaluation([1, 2]), raw)
    assert "raw ids" in caught.value.hint


def test_a_student_may_not_appear_twice_at_one_time() -> None:
    twice = pa.table({"student": ["a", "b", "a"], "g": ["x", "y", "z"]})
    with pytest.raises(InvalidTable, match=r"more than once at one time: row 3") as caught:
        conform_roster(twice, key=KEY)
    assert "valid_from" in caught.value.hint
    overlap = twice.append_column("valid_from", pa.array(["2026-01-01", None, "2025-01-01"])).append_column(
        "valid_to", pa.array([None, None, "2026-01-02"])
    )
    with pytest.raises(InvalidTable, match=r"more than once at one time: row 1"):
        conform_roster(overlap, key=KEY)
    backwards = pa.table({"student": ["a"], "valid_from": ["2026-01-02"], "valid_to": ["2026-01-01"]})
    with pytest.raises(InvalidTable, match="valid_to"):
        conform_roster(backwards, key=KEY)


DATED = pa.table(
    {
        "student": ["a", "a", "b", "c"],
        "grade": [7, 8, 5, 6],
        "valid_from": ["2024-09-01", "2025-09-01", None, "2026-01-01"],
        "valid_to": ["2025-09-01", None, None, None],
    }
)


def test_the_row_that_holds_at_the_time_counts() -> None:
    roster = conform_roster(DATED, key=KEY)
    times = ["2025-08-31T23:59:59Z", "2025-09-01T00:00:00Z", "2020-01-01T00:00:00Z", "2025-12-31T00:00:00Z", None]
    joined = join_roster(evaluation(["a", "a", "b", "c", "a"], time=times), roster)
    assert labels(joined) == {"grade": ["7", "8", "5", "(missing)", "(missing)"]}


def test_without_times_the_caller_says_when() -> None:
    roster = conform_roster(DATED, key=KEY)
    students = evaluation(["b", "a", "c"])
    with pytest.raises(InvalidTable, match="validity intervals"):
        join_roster(students, roster)
    assert labels(join_roster(students, roster, at_us=1_767_225_600_000_000)) == {"grade": ["5", "8", "6"]}
    assert labels(join_roster(students, roster, at_us=1_767_225_599_999_999)) == {"grade": ["5", "8", "(missing)"]}


@pytest.mark.parametrize(
    ("name", "values"),
    [("email", ["x", "y"]), ("Last Name", ["x", "y"]), ("contact", ["a@b.org", "c@d.org"]), ("copy", ["1", "2"])],
)
def test_columns_that_may_name_students_must_be_asked_for(name: str, values: list[str]) -> None:
    table = pa.table({"student": [1, 2], "g": ["x", "y"], name: values})
    with pytest.raises(InvalidTable, match=f"{name!r} may name students"):
        conform_roster(table, key=KEY)
    assert conform_roster(table, key=KEY, attributes=["g"]).column_names == ["student", "g"]
    assert conform_roster(table, key=KEY, attributes=["g", name]).column_names == ["student", "g", name]


def test_a_bare_roster() -> None:
    roster = conform_roster(pa.table({"student": pa.array([], pa.string()), "g": pa.array([], pa.string())}), key=KEY)
    with pytest.raises(JoinMismatch, match="0 of the evaluation's 1"):
        join_roster(evaluation(["a"]), roster)
