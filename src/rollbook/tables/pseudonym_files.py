"""Pseudonymising table files as streams: a file larger than memory is fine."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from rollbook.model.errors import AlreadyExists, InvalidInput, InvalidTable, SourceUnreadable, StorageFull
from rollbook.model.pseudonym import Key, Pseudonymiser, is_pseudonym
from rollbook.tables.content import BLOCK_ROWS
from rollbook.tables.csv import read_header
from rollbook.tables.parquet import require_file
from rollbook.tables.pseudonyms import pseudonymise_ids
from rollbook.tables.typed import find_column, one_array

MAX_RECORD_BYTES = 1024 * 1024
_REMEMBERED = 250_000


def pseudonymise_file(source: Path, target: Path, *, student: str, key: Key) -> int:
    """Write a copy of a table file in which one column holds pseudonyms.

    In a CSV every other byte stays as it is: quotes, spaces, line ends, byte-order mark. In a Parquet file the other
    columns keep their values and types. The copy appears when it is whole, readable by its owner only.

    Args:
        source: A `.csv`, `.tsv` or `.parquet` file.
        target: The copy; it must not exist.
        student: The column with student ids.
        key: The key of the project's key domain.

    Returns:
        The number of rows.

    Raises:
        InvalidTable: The column is missing, or ids are floats, missing or empty (row numbers in the message).
        AlreadyExists: The target exists.
        SourceUnreadable: The source is missing or cannot be read.
        StorageFull: The copy cannot be written.
    """
    suffix = source.suffix.lower()
    if suffix not in {".csv", ".tsv", ".parquet"}:
        raise InvalidTable(f"{source.name!r} is not a CSV or Parquet file", hint="export the table as one of them")
    require_file(source)
    try:
        stream = source.open("rb")
    except OSError as error:
        raise SourceUnreadable(f"{source} cannot be read: {error.strerror}", hint="check the path") from error
    with stream:
        if suffix == ".parquet":
            return _published(target, lambda out: _copy_parquet(stream, out, student, key))
        return _published(target, lambda out: _copy_csv(stream, out, student, key))


def _copy_parquet(stream: BinaryIO, out: BinaryIO, student: str, key: Key) -> int:
    rows = 0
    pseudonymise = Pseudonymiser(key)
    try:
        file = pq.ParquetFile(stream)
        schema = file.schema_arrow.remove_metadata()
        find_column(schema.empty_table(), student)
        index = schema.get_field_index(student)
        renamed = schema.set(index, pa.field(student, pa.string(), schema.field(index).nullable))
        with pq.ParquetWriter(out, renamed, compression="zstd", compression_level=3) as writer:
            for batch in file.iter_batches(BLOCK_ROWS):
                ids = one_array(pa.chunked_array([batch.column(index)]))
                columns = batch.columns
                columns[index] = pseudonymise_ids(ids, student, pseudonymise, first_row=rows)
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=renamed), row_group_size=BLOCK_ROWS)
                rows += batch.num_rows
    except pa.ArrowException as error:
        raise InvalidTable(f"the file is not whole Parquet: {error}", hint="write it again") from error
    return rows


def _copy_csv(stream: BinaryIO, out: BinaryIO, student: str, key: Key) -> int:
    names, delimiter = read_header(stream, "the file")
    find_column(pa.table({name: pa.array([], pa.string()) for name in names}), student)
    position = names.index(student)
    stream.seek(0)
    out.write(stream.readline())
    rename = _CellPseudonymiser(student, key)
    rows = 0
    for record, cells in _records(stream, delimiter.encode(), position):
        if not record.strip(b"\r\n"):
            out.write(record)
            continue
        rows += 1
        if cells.total != len(names):
            raise InvalidTable(
                f"row {rows} has {cells.total} cells, the header has {len(names)}",
                hint="quote cells that contain the delimiter or a line break",
            )
        name = rename(record[cells.begin : cells.end], rows)
        out.write(b"".join((record[: cells.begin], name, record[cells.end :])))
    return rows


class _Cells(NamedTuple):
    """How many cells a record has, and where the wanted one begins and ends."""

    total: int
    begin: int
    end: int


class _CellPseudonymiser:
    """Replaces the raw bytes of one cell, remembering what it has seen."""

    def __init__(self, column: str, key: Key) -> None:
        self._column = column
        self._pseudonymise = Pseudonymiser(key)
        self._known: dict[bytes, bytes] = {}

    def __call__(self, cell: bytes, row: int) -> bytes:
        name = self._known.get(cell)
        if name is None:
            name = self._renamed(cell, row)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[cell] = name
        return name

    def _renamed(self, cell: bytes, row: int) -> bytes:
        quoted = cell.startswith(b'"')
        try:
            text = cell.decode()
            if quoted:
                text = text.rstrip()[1:-1].replace('""', '"')
            name = text if is_pseudonym(text) else self._pseudonymise(text)
        except UnicodeDecodeError as error:
            raise InvalidTable(f"column {self._column!r}, row {row} is not UTF-8", hint="save it as UTF-8") from error
        except InvalidInput as error:
            raise InvalidTable(f"column {self._column!r}, row {row}: {error.message}", hint=error.hint) from error
        return f'"{name}"'.encode() if quoted else name.encode()


def _records(stream: BinaryIO, delimiter: bytes, position: int) -> Iterator[tuple[bytes, _Cells]]:
    """The records of a CSV after its header, as raw bytes, and where the cell at `position` is."""
    # Possessive, so that the first half of a doubled quote is never taken for the closing one.
    cell = re.compile(rb'(?:"(?:[^"]|"")*+"|(?!"))[^' + re.escape(delimiter) + rb"\r\n]*")
    record = b""
    for line in stream:
        record = record + line if record else line
        found = _scan(record, cell, delimiter, position) if b'"' in record else _split(record, delimiter, position)
        if found is not None:
            yield record, found
            record = b""
        elif len(record) > MAX_RECORD_BYTES:
            break
    if record:
        raise InvalidTable(f"a quote is never closed: {record[:60]!r}", hint="close it, or double quotes inside cells")


def _split(record: bytes, delimiter: bytes, position: int) -> _Cells:
    """The cell of a record without quotes."""
    cells = record.rstrip(b"\r\n").split(delimiter)
    begin = sum(map(len, cells[:position])) + position
    return _Cells(len(cells), begin, begin + len(cells[position]) if position < len(cells) else begin)


def _scan(record: bytes, cell: re.Pattern[bytes], delimiter: bytes, position: int) -> _Cells | None:
    """The cell of a record with quotes, or None when a quoted cell goes on in the next line."""
    count, place, span = 0, 0, (0, 0)
    while (match := cell.match(record, place)) is not None:
        if count == position:
            span = match.span()
        count += 1
        place = match.end() + 1
        if record[match.end() : place] != delimiter:
            return _Cells(count, *span)
    return None


def _published(target: Path, write: Callable[[BinaryIO], int]) -> int:
    """Let `write` fill a new file beside the target, and name it when it is whole and durable."""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".pseudonymise-", dir=target.parent)
    except OSError as error:
        raise StorageFull(
            f"{target.parent} cannot be written: {error.strerror}", hint="choose another folder"
        ) from error
    try:
        with os.fdopen(descriptor, "wb") as out:
            rows = write(out)
            out.flush()
            os.fsync(out.fileno())
        os.link(temporary, target)
    except FileExistsError as error:
        raise AlreadyExists(f"{target} exists", hint="remove it or choose another name") from error
    except OSError as error:
        raise StorageFull(f"{target} cannot be written: {error}", hint="free space and try again") from error
    finally:
        Path(temporary).unlink()
    return rows
