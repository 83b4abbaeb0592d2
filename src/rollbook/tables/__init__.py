"""Tables: frames as Arrow, their canonical logical content, evaluations, rosters, pseudonyms and differences.

Knows no names, runs or versions: frames and files in, tables and values out. Every table that leaves this room is a
`pyarrow.Table`, whatever library the user works with.
"""

from rollbook.model.errors import MissingExtra

try:
    import narwhals as _narwhals
    import pyarrow as _pyarrow
except ImportError as error:
    raise MissingExtra(
        f"tables need {error.name}, which is not installed", hint="pip install 'rollbook[compare]'"
    ) from error

from rollbook.tables.content import ContentHasher, logical_digest, table_schema
from rollbook.tables.diff import CellChange, ColumnChange, RowChange, TableDiff, diff_tables
from rollbook.tables.evaluation import conform
from rollbook.tables.frames import to_arrow
from rollbook.tables.parquet import TABLE_SUFFIXES, read_schema, read_table, write_parquet
from rollbook.tables.pseudonym_files import pseudonymise_file
from rollbook.tables.pseudonyms import Suspicion, pseudonymise_column, suspicious_columns
from rollbook.tables.roster import conform_roster, join_roster

del _narwhals, _pyarrow

__all__ = [
    "TABLE_SUFFIXES",
    "CellChange",
    "ColumnChange",
    "ContentHasher",
    "RowChange",
    "Suspicion",
    "TableDiff",
    "conform",
    "conform_roster",
    "diff_tables",
    "join_roster",
    "logical_digest",
    "pseudonymise_column",
    "pseudonymise_file",
    "read_schema",
    "read_table",
    "suspicious_columns",
    "table_schema",
    "to_arrow",
    "write_parquet",
]
