"""CSV files as tables of strings. No type is guessed: `007` stays `007`."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pacsv

from rollbook.model.errors import InvalidTable

BOM = b"\xef\xbb\xbf"
DELIMITERS = ",;\t"
MAX_HEADER_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 24
_WRONG_WIDTH = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")


def read_csv(source: Path | BinaryIO, name: str) -> pa.Table:
    """A CSV file as strings; an empty cell without quotes is null.

    UTF-8, with or without a byte-order mark; comma, semicolon or tab, whichever the header uses most.

    Raises:
        InvalidTable: The file is empty, not UTF-8, or a row has another number of cells than the header; rows count
            from 1 for the first row after the header.
        OSError: The file cannot be read.
    """
    if isinstance(source, Path):
        with source.open("rb") as stream:
            return read_csv(stream, name)
    names, delimiter = read_header(source, name)
    source.seek(0)
    try:
        return pacsv.read_csv(
            pa.PythonFile(source, mode="r"),
            # One thread, because only then does an error say which row it is about.
            read_options=pacsv.ReadOptions(use_threads=False, column_names=names, skip_rows=1, block_size=_BLOCK_BYTES),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid as error:
        raise _explained(error, source, name) from error


def read_header(stream: BinaryIO, name: str) -> tuple[list[str], str]:
    """The column names and the delimiter, from the first line of a stream.

    Raises:
        InvalidTable: There is no header, it is not UTF-8, or two columns share a name.
    """
    stream.seek(0)
    line = stream.readline(MAX_HEADER_BYTES).removeprefix(BOM).rstrip(b"\r\n")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise InvalidTable(f"the header of {name} is not UTF-8: {error}", hint="save the file as UTF-8") from error
    if text.count('"') % 2:
        raise InvalidTable(f"the header of {name} has an open quote", hint="column names may not contain line breaks")
    if not text.strip():
        raise InvalidTable(f"{name} has no header", hint="the first line names the columns")
    delimiter = max(DELIMITERS, key=text.count)
    names = next(csv.reader([text], delimiter=delimiter))
    twice = sorted({column for column in names if names.count(column) > 1})
    if twice:
        raise InvalidTable(f"{name} has two columns named {twice[0]!r}", hint="rename one of them in the header")
    return names, delimiter


def _explained(error: pa.ArrowInvalid, stream: BinaryIO, name: str) -> InvalidTable:
    text = str(error)
    width = _WRONG_WIDTH.search(text)
    if width:
        row, expected, got = (int(number) for number in width.groups())
        return InvalidTable(
            f"{name}: row {row - 1} has {got} cells, the header has {expected}",
            hint="quote cells that contain the delimiter or a line break",
        )
    if "UTF8" in text:
        return InvalidTable(f"{name}: {_first_bad_text(stream)}", hint="save the file as UTF-8")
    return InvalidTable(f"{name} cannot be read as CSV: {text.splitlines()[0]}", hint="check quotes and delimiters")


def _first_bad_text(stream: BinaryIO) -> str:
    stream.seek(0)
    for number, line in enumerate(stream, start=1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            return f"line {number} is not UTF-8 at byte {error.start + 1} (0x{line[error.start]:02x})"
    return "the file is not UTF-8"
