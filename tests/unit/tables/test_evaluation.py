"""What `conform` makes of users' frames, and what it refuses."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from rollbook.model.errors import InvalidTable
from rollbook.model.evaluation import EVALUATION_COLUMNS, EvaluationProtocol
from rollbook.model.pseudonym import Key, pseudonym
from rollbook.tables import conform, read_table

KEY = Key(bytes(range(32)))


def ids(*raw: str | int) -> list[str]:
    return [pseudonym(KEY, one) for one in raw]


def frame(**columns: Any) -> pa.Table:
    return pa.table({"student": ["a", "b", "c"], "truth": [1, 0, 1], "score": [0.9, 0.2, 0.5]} | columns)


def test_canonical_columns_in_order_and_nothing_else() -> None:
    table = pa.table(
        {
            "email": ["a@b.c", "d@e.f"],
            "pupil": [7, 8],
            "dropped_out": ["no", "yes"],
            "risk": [0.25, 1.0],
            "guess": ["no", "no"],
            "prompt": [1.0, 2.0],
            "kc": ["x", None],
            "course": pa.array(["m", "m"]).dictionary_encode(),
            "at": pa.array(["2026-05-01 12:00", None]).cast(pa.timestamp("ns")),
            "n": pa.array([1, 2], pa.int8()),
            "w": [1, 2],
            "gender": ["F", ""],
            "group:grade": [8.0, float("nan")],
        }
    )
    protocol = EvaluationProtocol(positive="yes", labels=("no", "yes"))
    result = conform(
        table, key=KEY, protocol=protocol, student="pupil", truth="dropped_out", score="risk", prediction="guess",
        item="prompt", skill="kc", subject="course", time="at", order="n", weight="w", groups=["gender"],
    )  # fmt: skip
    assert result.column_names == [spec.name for spec in EVALUATION_COLUMNS] + ["group:grade", "group:gender"]
    for spec in EVALUATION_COLUMNS:
        expected = protocol.label_type if spec.type == "label" else spec.type
        assert str(result.schema.field(spec.name).type) == expected, spec.name
    students = ids(7, 8)
    assert result.to_pydict() == {
        "row": [f"{students[0]}|1|1", f"{students[1]}|2|2"],
        "student": students,
        "truth": [0, 1],
        "score": [0.25, 1.0],
        "prediction": [0, 0],
        "item": ["1", "2"],
        "skill": ["x", None],
        "subject": ["m", "m"],
        "time": [dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC), None],
        "order": [1, 2],
        "weight": [1.0, 2.0],
        "group:grade": ["8", None],
        "group:gender": ["F", None],
    }


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table, pa.record_batch])
def test_every_library_gives_the_same(library: Any) -> None:
    data = {"student": [1, 2], "truth": [True, False], "score": [1, 0]}
    assert conform(library(data), key=KEY).to_pydict() == {
        "row": ids(1, 2),
        "student": ids(1, 2),
        "truth": [1, 0],
        "score": [1.0, 0.0],
    }


def test_a_csv_is_read_as_the_columns_types() -> None:
    text = b"student;truth;score;time;order\n007;True;0.5;2026-05-01T12:00:00+02:00;1\n 8 ;false;1e-3;;2\n"
    table = read_table(io.BytesIO(text), "predictions.csv")
    result = conform(table, key=KEY).to_pydict()
    assert result["student"] == ids("007", "8")
    assert result["truth"] == [1, 0]
    assert result["score"] == [0.5, 0.001]
    assert result["time"] == [dt.datetime(2026, 5, 1, 10, tzinfo=dt.UTC), None]
    assert result["order"] == [1, 2]


def test_pseudonyms_stay_and_raw_ids_do_not() -> None:
    known = pseudonym(KEY, "a")
    assert conform(frame(student=[known, "b", "c"]), key=KEY)["student"].to_pylist() == ids("a", "b", "c")
    same = conform(frame(row=["a", "b", "c"]), key=KEY)
    assert same["row"].to_pylist() == ids("a", "b", "c"), "a row column that repeats raw ids does not leak them"
    assert conform(frame(id=[1, 2, 3]), key=KEY, row="id")["row"].to_pylist() == ["1", "2", "3"]


MULTI = EvaluationProtocol(task="multiclass", labels=("low", "mid", "high"))
NUMBER = EvaluationProtocol(task="regression")


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"student": [1.0, 2.0, 3.0]}, {}, r"'student' has values that are doubles, not ids: row 1 \(1.0\), row 2"),
        ({"student": ["a", None, ""]}, {}, r"'student' has values that name no student: row 2 \(missing\)"),
        ({"student": ["a", "b", " "]}, {}, r"'student' has values that are no ids: row 3 \(' '\)"),
        ({"student": ["a", "7.0", "7.0"]}, {}, r"no ids: row 2 \('7.0'\), row 3 \('7.0'\)"),
        ({"student": [True, False, True]}, {}, "bool, which is no id"),
        ({"student": ["a", "a", "b"]}, {}, r"'student' has values that repeat: row 1 .* row 2"),
        ({"score": [0.1, float("nan"), float("inf")]}, {}, r"'score' .* not finite: row 2 \(nan\), row 3 \(inf\)"),
        ({"score": [0.1, None, 0.2]}, {}, r"'score' has values that are missing: row 2"),
        ({"score": [0.1, 1.5, -1]}, {}, r"'score' .* no probabilities: row 2 \(1.5\), row 3 \(-1.0\)"),
        ({"score": ["0.1", "high", "0.3"]}, {}, r"'score' .* cannot be read as double: row 2 \('high'\)"),
        ({"risk": [0.1, 0.2, None]}, {"score": "risk"}, r"'risk' has values that are missing: row 3"),
        ({"truth": [0, 1, 2]}, {}, "labels '0', '1', '2' are not two"),
        ({"truth": ["Pass", "Fail", "Pass"]}, {}, "'Fail', 'Pass' are not two of which '1'"),
        ({"truth": [0, None, 1]}, {}, r"'truth' has values that are missing: row 2"),
        (
            {"truth": ["Pass", "Fial", "Pass"]},
            {"protocol": EvaluationProtocol(positive="Fail", labels=("Pass", "Fail"))},
            r"'truth' has values that are none of the labels .*: row 2 \('Fial'\)",
        ),
        ({"prediction": [0, 1, 2]}, {}, "not two"),
        ({"row": ["r", "s", "r"]}, {}, r"'row' has values that repeat: row 1 \('r'\), row 3 \('r'\)"),
        ({"row": ["r", None, "t"]}, {}, r"'row' has values that are missing: row 2"),
        ({"row": [1.0, 2.0, 3.0]}, {}, "'row' .* cannot be read as string"),
        ({"weight": [1.0, -1.0, float("nan")]}, {}, r"'weight' .* negative or not finite: row 2"),
        ({"weight": [0, 0, 0]}, {}, "all weights"),
        ({"weight": [1, None, 1]}, {}, r"'weight' has values that are missing: row 2"),
        ({"order": [1.5, 2.0, 3.0]}, {}, r"'order' .* cannot be read as int64: row 1 \(1.5\)"),
        ({"time": ["2026-05-01", "soon", "2026-05-02"]}, {}, r"'time' .* row 2 \('soon'\)"),
        ({"item": [[1], [2], [3]]}, {}, "'item' .* no label"),
        ({}, {"truth": "thruth"}, "no column 'thruth'"),
        ({}, {"groups": ["gender"]}, "no column 'gender'"),
        ({}, {"protocol": MULTI}, "needs a prediction"),
        ({"prediction": ["low", "mid", "hi"], "truth": ["low"] * 3}, {"protocol": MULTI}, r"row 3 \('hi'\)"),
        ({"truth": [1.0, float("nan"), 2.0]}, {"protocol": NUMBER}, r"'truth' .* not finite: row 2"),
    ],
)
def test_refusals_name_column_rows_and_values(columns: dict[str, Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidTable, match=message):
        conform(frame(**columns), key=KEY, **options)


def test_hints_say_what_to_do() -> None:
    with pytest.raises(InvalidTable) as caught:
        conform(frame(), key=KEY, truth="truht")
    assert caught.value.hint == "did you mean 'truth'?"
    with pytest.raises(InvalidTable) as caught:
        conform(pd.DataFrame({"truth": [1], "score": [0.5]}, index=pd.Index([1], name="zz")), key=KEY, student="zz")
    assert "index" in caught.value.hint
    with pytest.raises(InvalidTable) as caught:
        conform(frame(student=["a", "a", "b"]), key=KEY)
    assert "row=" in caught.value.hint
    with pytest.raises(InvalidTable) as caught:
        conform(pd.DataFrame({"student": [1, None], "truth": [1, 0], "score": [0.5, 0.5]}), key=KEY)
    assert "pandas" in caught.value.hint


def test_many_offending_rows_are_counted() -> None:
    table = pa.table({"student": [f"s{n}" for n in range(100)], "truth": [0] * 100, "score": [2.0] * 100})
    with pytest.raises(InvalidTable, match=r"row 5 \(2.0\) and 95 more"):
        conform(table, key=KEY)


def test_a_frame_without_rows_or_scores_is_refused() -> None:
    with pytest.raises(InvalidTable, match="no rows"):
        conform(frame().slice(0, 0), key=KEY)
    with pytest.raises(InvalidTable, match="neither"):
        conform(frame().drop_columns(["score"]), key=KEY)


def test_interactions_are_named_by_student_item_and_order() -> None:
    table = frame(student=["a", "a", "a"], item=["x", "x", "y"], order=[1, 2, 1])
    name = pseudonym(KEY, "a")
    assert conform(table, key=KEY)["row"].to_pylist() == [f"{name}|x|1", f"{name}|x|2", f"{name}|y|1"]


def test_other_tasks() -> None:
    multi = frame(truth=["low", "mid", "high"], prediction=["low", "low", "high"])
    result = conform(multi, key=KEY, protocol=MULTI)
    assert result["truth"].to_pylist() == ["low", "mid", "high"]
    assert result["prediction"].to_pylist() == ["low", "low", "high"]
    essays = conform(
        frame(truth=[3, 4, 2], score=[3.4, 4.4, -1.0]), key=KEY, protocol=EvaluationProtocol(task="ordinal")
    )
    assert essays["truth"].to_pylist() == [3.0, 4.0, 2.0]
    logits = conform(
        frame(score=[-3.0, 2.0, 9.0]), key=KEY, protocol=EvaluationProtocol(score_scale="any", threshold=0)
    )
    assert logits["score"].to_pylist() == [-3.0, 2.0, 9.0]


def test_one_class_alone_is_fine_when_labels_are_known() -> None:
    assert conform(frame(truth=[0, 0, 0]), key=KEY)["truth"].to_pylist() == [0, 0, 0]
    protocol = EvaluationProtocol(positive="Fail", labels=("Pass", "Fail"))
    assert conform(frame(truth=["Pass"] * 3), key=KEY, protocol=protocol)["truth"].to_pylist() == [0, 0, 0]


@pytest.mark.parametrize("thing", [None, 3, [1, 2], "text", {"student": [1]}, pl.LazyFrame({"student": [1]})])
def test_what_is_no_table(thing: Any) -> None:
    with pytest.raises(InvalidTable) as caught:
        conform(thing, key=KEY)
    assert caught.value.hint


def test_a_column_that_mixes_types_is_named() -> None:
    mixed = pd.DataFrame({"student": pd.Series(["a", 1], dtype=object), "truth": [0, 1], "score": [0.5, 0.5]})
    with pytest.raises(InvalidTable, match="student"):
        conform(mixed, key=KEY)
    twice = pd.DataFrame([[1, 2]], columns=["student", "student"])
    with pytest.raises(InvalidTable, match="share a name"):
        conform(twice, key=KEY)
