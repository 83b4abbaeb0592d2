"""Frames of any library as Arrow tables."""

from __future__ import annotations

import warnings
from typing import Any

import narwhals as nw
import pyarrow as pa

from rollbook.model.errors import InvalidTable
from rollbook.tables.content import table_schema


def to_arrow(frame: Any) -> pa.Table:
    """A frame as an Arrow table without metadata.

    The index of a pandas frame is dropped, and pandas' missing values (NaN included) become nulls; Polars and Arrow
    keep NaN apart from null.

    Args:
        frame: A pandas, Polars or Arrow table, anything else that narwhals knows or that speaks the Arrow stream
            interface.

    Raises:
        InvalidTable: It is no table, a column mixes types, two columns share a name, or a type cannot be kept.
    """
    table = _arrow_table(frame).replace_schema_metadata(None)
    table_schema(table)
    return table


def _arrow_table(frame: Any) -> pa.Table:
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    try:
        if nw.dependencies.is_pandas_dataframe(frame):
            return _from_pandas(frame)
        if nw.dependencies.is_polars_lazyframe(frame):
            raise InvalidTable("a lazy frame has no rows yet", hint="call .collect() first")
        if nw.dependencies.is_into_dataframe(frame):
            return nw.from_native(frame, eager_only=True).to_arrow()
        if hasattr(frame, "__arrow_c_stream__"):
            return pa.table(frame)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise InvalidTable(f"the frame does not fit into a table: {error}", hint=_MIXED) from error
    raise InvalidTable(f"a {type(frame).__name__} is not a table", hint="give a pandas, Polars or Arrow table")


def _from_pandas(frame: Any) -> pa.Table:
    names = [str(name) for name in frame.columns]
    if len(set(names)) != len(names):
        raise InvalidTable("two columns share a name", hint=f"columns: {', '.join(names[:20])}")
    with warnings.catch_warnings():
        # Column names that are not text become text; pyarrow warns about what is meant here.
        warnings.simplefilter("ignore", UserWarning)
        return pa.Table.from_pandas(frame, preserve_index=False).rename_columns(names)


_MIXED = "a column that mixes types must be converted first, for example with astype(str)"
