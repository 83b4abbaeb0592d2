"""Table files: Parquet written one way, and Parquet, Arrow, Feather and CSV read by name."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from rollbook.model.errors import InvalidTable, SourceUnreadable, StorageFull
from rollbook.tables.content import BLOCK_ROWS, table_schema
from rollbook.tables.csv import read_csv
from rollbook.tables.typed import typed_columns

TABLE_SUFFIXES = (".parquet", ".arrow", ".feather", ".csv", ".tsv")
"""The file names that `read_table` understands."""

Source = Path | BinaryIO


def write_parquet(table: pa.Table, target: Source) -> None:
    """Write a table with fixed settings: zstd, row groups of 65,536 rows, no metadata but the Arrow schema.

    One release of pyarrow writes the same table to the same bytes; two releases may not, which is why a table is sealed
    by `logical_digest` and not by the bytes of its file.

    Args:
        table: The table.
        target: A path or a stream open for writing.

    Raises:
        InvalidTable: Parquet cannot hold a column's type.
        StorageFull: The target cannot take the bytes.
    """
    table = table.replace_schema_metadata(None)
    try:
        pq.write_table(
            table.combine_chunks(), target, row_group_size=BLOCK_ROWS, compression="zstd", compression_level=3
        )
    except pa.ArrowException as error:
        raise InvalidTable(f"the table does not fit into Parquet: {error}", hint="cast the column first") from error
    except OSError as error:
        raise StorageFull(f"the table could not be written: {error}", hint="free space and try again") from error


def read_table(source: Source, name: str, *, columns: Mapping[str, str] | None = None) -> pa.Table:
    """Read a table file.

    A CSV has no types: its columns are strings, unless `columns` declares them; nothing is guessed. An empty cell
    without quotes is null.

    Args:
        source: A path, or a stream that can seek.
        name: The file's name; its suffix says what the file is (`.parquet`, `.arrow`, `.feather`, `.csv`, `.tsv`).
        columns: Declared types by column (`int64`, `float64`, `bool`, `string`, `date`, `timestamp`). Other columns
            keep what the file says.

    Returns:
        The table, without metadata.

    Raises:
        InvalidTable: The file is not what its name says, or a value does not fit its declared type; the message names
            column, row (the first data row is row 1) and value.
        SourceUnreadable: The file is missing or cannot be read.
    """
    suffix = PurePath(name).suffix.lower()
    if isinstance(source, Path):
        require_file(source)
    with _reading(name):
        if suffix == ".parquet":
            table = pq.ParquetFile(source).read()
        elif suffix in {".arrow", ".feather"}:
            table = _read_arrow(source)
        elif suffix in {".csv", ".tsv"}:
            table = read_csv(source, name)
        else:
            raise InvalidTable(f"{name!r} is not the name of a table", hint=f"one of {', '.join(TABLE_SUFFIXES)}")
    table = table.replace_schema_metadata(None)
    table_schema(table)
    return typed_columns(table, columns or {})


def require_file(path: Path) -> None:
    """Refuse what is no regular file before it is opened: opening a pipe would wait for ever.

    Raises:
        SourceUnreadable: There is no such file, or it is a folder, a pipe or a device.
    """
    if not path.is_file():
        what = "is not a file" if path.exists() else "does not exist"
        raise SourceUnreadable(f"{path} {what}", hint="check the path")


def read_schema(source: Source, name: str) -> pa.Schema:
    """The Arrow schema of a Parquet file, without reading its rows.

    Raises:
        InvalidTable: The file is not Parquet.
        SourceUnreadable: The file is missing or cannot be read.
    """
    with _reading(name):
        return pq.ParquetFile(source).schema_arrow.remove_metadata()


def _read_arrow(source: Source) -> pa.Table:
    with pa.OSFile(str(source)) if isinstance(source, PurePath) else pa.PythonFile(source, mode="r") as file:
        try:
            return pa.ipc.open_file(file).read_all()
        except pa.ArrowInvalid:
            file.seek(0)
            return pa.ipc.open_stream(file).read_all()


@contextmanager
def _reading(name: str) -> Generator[None]:
    try:
        yield
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise InvalidTable(f"{name} cannot be read as a table: {error}", hint="check that the file is whole") from error
    except OSError as error:
        raise SourceUnreadable(f"{name} cannot be read: {error}", hint="check path and permissions") from error
