"""Reading and writing table files."""

from __future__ import annotations

import datetime as dt
import io
import os
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rollbook.model.errors import InvalidTable, SourceUnreadable, StorageFull
from rollbook.tables import logical_digest, read_schema, read_table, to_arrow, write_parquet
from rollbook.tables.typed import typed_columns

TABLE = pa.table({"n": [1, None, 3], "s": ["a", "", None], "l": [[1], None, []]})


def parsed(content: bytes, name: str = "x.csv", **columns: str) -> dict[str, list[Any]]:
    return read_table(io.BytesIO(content), name, columns=columns).to_pydict()


def test_parquet_goes_round_and_is_written_one_way(tmp_path: Path) -> None:
    path, sink = tmp_path / "t.parquet", io.BytesIO()
    write_parquet(TABLE.replace_schema_metadata({"pandas": "{}"}), path)
    chunks = pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)])
    write_parquet(chunks, sink)
    assert path.read_bytes() == sink.getvalue()
    for source in (path, io.BytesIO(sink.getvalue())):
        back = read_table(source, "t.parquet")
        assert back.equals(TABLE)
        assert back.schema.metadata is None
    assert read_schema(path, "t.parquet").equals(TABLE.schema)


def test_row_groups_are_blocks() -> None:
    sink = io.BytesIO()
    write_parquet(pa.table({"n": range(100_000)}), sink)
    file = pq.ParquetFile(io.BytesIO(sink.getvalue()))
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [65_536, 34_464]
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize("open_writer", [pa.ipc.new_file, pa.ipc.new_stream])
def test_arrow_files(tmp_path: Path, open_writer: Any) -> None:
    path = tmp_path / "t.arrow"
    with open_writer(str(path), TABLE.schema) as writer:
        writer.write_table(TABLE)
    assert read_table(path, "t.arrow").equals(TABLE)
    assert read_table(io.BytesIO(path.read_bytes()), "T.FEATHER").equals(TABLE)


def test_csv_cells_are_text() -> None:
    assert parsed(b'id,x\n007,NA\n,""\n1e5,true\n') == {"id": ["007", None, "1e5"], "x": ["NA", "", "true"]}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_dialects(delimiter: str, end: str, mark: str) -> None:
    lines = [delimiter.join(row) for row in (["a", "b"], ["1", '"x,;\ty ""z"""'], ["2", "ü"])]
    assert parsed((mark + end.join(lines)).encode()) == {"a": ["1", "2"], "b": ['x,;\ty "z"', "ü"]}


def test_csv_with_declared_types() -> None:
    content = b"i,f,b,s,d,t\n 7 ,1.5,TRUE,x,2026-05-01,2026-05-01T12:00:00Z\n,,0,,,\n"
    types = {"i": "int64", "f": "float64", "b": "bool", "s": "string", "d": "date", "t": "timestamp"}
    assert parsed(content, **types) == {
        "i": [7, None],
        "f": [1.5, None],
        "b": [True, False],
        "s": ["x", None],
        "d": [dt.date(2026, 5, 1), None],
        "t": [dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC), None],
    }


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        (b"", {}, "no header"),
        (b"\n1,2\n", {}, "no header"),
        (b"a,a\n1,2\n", {}, "two columns named 'a'"),
        (b'"a\n,b\n1,2\n', {}, "open quote"),
        (b"\xff,b\n", {}, "header of x.csv is not UTF-8"),
        (b"a,b\n1,2\n1,2,3\n", {}, "row 2 has 3 cells, the header has 2"),
        (b"a,b\n1,2\n\n1\n", {}, r"row \d has 1 cells"),
        (b"a,b\n1,2\n1,\xe9\n", {}, r"line 3 is not UTF-8 at byte 3 \(0xe9\)"),
        (b"a,b\n1,2\nx,y\n", {"a": "int64"}, r"column 'a' .* int64: row 2 \('x'\)"),
        (b"a\n" + b"1\n" * 3000 + b"1.5\n" + b"2\n" * 3000, {"a": "int64"}, r"row 3001 \('1.5'\)$"),
        (b"a\nyes\n", {"a": "bool"}, "bool: row 1"),
        (b"a\n2026-02-30\n", {"a": "date"}, "row 1"),
        (b"a\n2026-05-01T10:00:00\n2026-05-01T10:00:00Z\n", {"a": "timestamp"}, "with and without a zone"),
        (b"a\n1\n", {"b": "int64"}, "no column 'b'"),
        (b"a\n1\n", {"a": "integer"}, "'integer' is not a column type"),
    ],
)
def test_csv_refusals(content: bytes, columns: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidTable, match=message):
        parsed(content, **columns)


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow", "x.feather", "x.json", "x"])
def test_files_that_are_not_what_they_say(name: str) -> None:
    with pytest.raises(InvalidTable):
        parsed(b"nonsense that is no table at all", name)


def test_declared_types_of_columns_that_have_one() -> None:
    sink = io.BytesIO()
    write_parquet(pa.table({"flag": [0, 1, None], "n": [1.0, 2.0, 3.5], "day": [dt.date(2026, 5, 1)] * 3}), sink)
    content = sink.getvalue()
    assert parsed(content, "t.parquet", flag="bool", day="timestamp")["flag"] == [False, True, None]
    assert parsed(content, "t.parquet", day="timestamp")["day"][0] == dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    for name, kind, message in (("n", "int64", r"row 3 \(3.5\)"), ("n", "bool", "row 2"), ("n", "string", "row 1")):
        with pytest.raises(InvalidTable, match=message):
            parsed(content, "t.parquet", **{name: kind})
    with pytest.raises(InvalidTable, match=r"row 2 \(7\)"):
        typed_columns(pa.table({"flag": [1, 7]}), {"flag": "bool"})


def test_a_truncated_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_parquet(TABLE, path)
    content = path.read_bytes()
    for length in range(0, len(content), 37):
        with pytest.raises(InvalidTable):
            parsed(content[:length], "t.parquet")


def test_paths_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    for name in ("t.parquet", "t.arrow", "t.csv"):
        with pytest.raises(SourceUnreadable):
            read_table(tmp_path / name, name)
        with pytest.raises(SourceUnreadable):
            read_table(tmp_path, name)
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(SourceUnreadable, match="not a file"):
        read_table(tmp_path / "pipe.csv", "pipe.csv")
    with pytest.raises(StorageFull):
        write_parquet(TABLE, tmp_path / "nowhere" / "t.parquet")
    with pytest.raises(InvalidTable):
        write_parquet(
            pa.table({"u": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])}), io.BytesIO()
        )


def test_frames_of_three_libraries_are_one_table() -> None:
    data = {"i": [1, 2], "s": ["a", "b"], "b": [True, False]}
    frames = [pd.DataFrame(data), pd.DataFrame(data, index=[5, 6]), pl.DataFrame(data), pa.table(data)]
    assert len({logical_digest(to_arrow(frame)) for frame in frames}) == 1
    assert to_arrow(pa.table(data).to_reader()).to_pydict() == data
    assert to_arrow(pd.DataFrame([[1, 2]])).column_names == ["0", "1"]


def test_pandas_missing_values_are_nulls() -> None:
    frame = pd.DataFrame({"f": [0.5, float("nan")], "s": ["a", None], "c": pd.Categorical(["x", None])})
    assert to_arrow(frame).to_pydict() == {"f": [0.5, None], "s": ["a", None], "c": ["x", None]}
