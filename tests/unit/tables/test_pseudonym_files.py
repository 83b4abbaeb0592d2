"""Pseudonymised copies of files: ids replaced, every other byte kept."""

from __future__ import annotations

import csv
import io
import stat
from pathlib import Path

import hypothesis.strategies as st
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings

from rollbook.model.errors import AlreadyExists, InvalidTable, SourceUnreadable, StorageFull
from rollbook.model.pseudonym import Key, pseudonym
from rollbook.tables import pseudonymise_column, pseudonymise_file, read_table, suspicious_columns

KEY = Key(bytes(range(32)))


def name(raw: str | int) -> str:
    return pseudonym(KEY, raw)


def copied(tmp_path: Path, content: bytes, student: str = "id") -> bytes:
    source, target = tmp_path / "raw.csv", tmp_path / "out.csv"
    source.write_bytes(content)
    target.unlink(missing_ok=True)
    pseudonymise_file(source, target, student=student, key=KEY)
    return target.read_bytes()


def test_every_other_byte_stays(tmp_path: Path) -> None:
    content = (
        b'\xef\xbb\xbfnote;id;"x;y"\r\n"he said ""hi; there"" \n twice";7; 1.50 \r\n5" disk;"8";\xff\r\n\r\n;" 7 ";last'
    )
    expected = (
        content.replace(b";7;", f";{name(7)};".encode())
        .replace(b'"8"', f'"{name(8)}"'.encode())
        .replace(b'" 7 "', f'"{name(7)}"'.encode())
    )
    assert copied(tmp_path, content) == expected


cells = st.text(st.sampled_from('",;\n\t aé'), max_size=6)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(cells, st.integers(0, 9), cells), min_size=1, max_size=6), st.sampled_from([",", ";", "\t"]))
def test_against_the_csv_module(tmp_path: Path, rows: list[tuple[str, int, str]], delimiter: str) -> None:
    def text(records: list[list[str]]) -> bytes:
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(records)
        return out.getvalue().encode()

    header = ["a", "id", "b"]
    content = text([header, *([a, str(n), b] for a, n, b in rows)])
    assert copied(tmp_path, content) == text([header, *([a, name(n), b] for a, n, b in rows)])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"id,x\n1,2\n1.0,3\n", r"row 2: .*float"),
        (b"id,x\n1,2\n,3\n", r"row 2: an empty"),
        (b'id,x\n"",3\n', r"row 1: an empty"),
        (b"id,x\n1\n", r"row 1 has 1 cells"),
        (b"id,x\n1,2\n\xff,2\n", r"row 2 is not UTF-8"),
        (b'id,x\n1,"open\n2,3\n', "never closed"),
        (b"ident,x\n1,2\n", "no column 'id'"),
        (b"", "no header"),
    ],
)
def test_refusals_leave_nothing_behind(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InvalidTable, match=message):
        copied(tmp_path, content)
    assert [path.name for path in tmp_path.iterdir()] == ["raw.csv"]


def test_parquet_keeps_other_columns_and_streams(tmp_path: Path) -> None:
    count = 70_000
    table = pa.table(
        {
            "x": pa.array(["a", None] * (count // 2)).dictionary_encode(),
            "id": pa.array(range(count), pa.int32()),
            "l": pa.array([[1], None] * (count // 2)),
        }
    )
    source, target = tmp_path / "raw.parquet", tmp_path / "out.parquet"
    pq.write_table(table.replace_schema_metadata({"pandas": "{}"}), source)
    assert pseudonymise_file(source, target, student="id", key=KEY) == count
    out = pq.read_table(target)
    assert out.select(["x", "l"]).equals(table.select(["x", "l"]))
    assert out["id"][69_999].as_py() == name(69_999)
    assert out.schema.metadata is None
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_parquet_refusals_count_rows_over_the_whole_file(tmp_path: Path) -> None:
    source = tmp_path / "raw.parquet"
    pq.write_table(pa.table({"id": ["a"] * 70_000 + [None]}), source)
    with pytest.raises(InvalidTable, match=r"row 70001 \(missing\)"):
        pseudonymise_file(source, tmp_path / "out", student="id", key=KEY)
    pq.write_table(pa.table({"id": [1.0]}), source)
    with pytest.raises(InvalidTable, match="doubles, not ids"):
        pseudonymise_file(source, tmp_path / "out", student="id", key=KEY)
    with pytest.raises(InvalidTable, match="no column 'idd'"):
        pseudonymise_file(source, tmp_path / "out", student="idd", key=KEY)
    source.write_bytes(b"PAR1 nonsense")
    with pytest.raises(InvalidTable, match="not whole"):
        pseudonymise_file(source, tmp_path / "out", student="id", key=KEY)
    assert [path.name for path in tmp_path.iterdir()] == ["raw.parquet"]


def test_paths_are_checked(tmp_path: Path) -> None:
    source, target = tmp_path / "raw.csv", tmp_path / "out.csv"
    with pytest.raises(SourceUnreadable):
        pseudonymise_file(source, target, student="id", key=KEY)
    source.write_text("id\n1\n")
    target.write_text("precious")
    with pytest.raises(AlreadyExists):
        pseudonymise_file(source, target, student="id", key=KEY)
    assert target.read_text() == "precious"
    with pytest.raises(AlreadyExists):
        pseudonymise_file(source, source, student="id", key=KEY)
    with pytest.raises(StorageFull):
        pseudonymise_file(source, tmp_path / "nowhere" / "out.csv", student="id", key=KEY)
    with pytest.raises(InvalidTable):
        pseudonymise_file(tmp_path / "raw.xlsx", target, student="id", key=KEY)


def test_one_column_of_a_table() -> None:
    table = pa.table({"a": [1, 2], "id": pa.array(["7", name("8")]).dictionary_encode()})
    out = pseudonymise_column(table, "id", KEY)
    assert out.to_pydict() == {"a": [1, 2], "id": [name(7), name(8)]}
    assert pseudonymise_column(out, "id", KEY).equals(out)
    big = pa.table({"id": pa.array([2**64 - 1], pa.uint64())})
    assert pseudonymise_column(big, "id", KEY)["id"].to_pylist() == [name(2**64 - 1)]


def test_suspicions() -> None:
    table = pa.table(
        {
            "id": [1, 2, 3],
            "grade": [7, 8, 9],
            "school_name": ["x", "y", "z"],
            "E-Mail": ["x", "y", None],
            "phone": ["", "", ""],
            "contact": ["a@b.de", "c@d.org", None],
            "again": ["1", "2", "4"],
            "empty": pa.nulls(3),
            "list": [[1], [2], [3]],
        }
    )
    assert [found.column for found in suspicious_columns(table, "id")] == ["E-Mail", "contact", "again"]


def test_a_category_is_no_name() -> None:
    table = pa.table(
        {"id": range(100), "address": ["urban", "rural"] * 50, "surname": [f"n{n % 30}" for n in range(100)]}
    )
    assert [found.column for found in suspicious_columns(table, "id")] == ["surname"]


@pytest.mark.real
def test_real_records_keep_everything_but_their_ids(real_data: Path, tmp_path: Path) -> None:
    source, target = real_data / "oulad" / "studentInfo.csv", tmp_path / "out.csv"
    assert pseudonymise_file(source, target, student="id_student", key=KEY) == 32_593
    raw, out = read_table(source, source.name), read_table(target, target.name)
    assert out.drop_columns(["id_student"]).equals(raw.drop_columns(["id_student"]))
    assert out["id_student"].equals(pseudonymise_column(raw, "id_student", KEY)["id_student"])
