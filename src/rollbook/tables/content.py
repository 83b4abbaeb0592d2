"""The digest of a table's logical content: schema and values, whatever file or memory layout carries them.

    digest = BLAKE3("rollbook table 1" | 0x00 | schema length u64 | schema | rows u64 | column digests, 32 bytes each)
    column = BLAKE3(block | block | ...), a block being 65,536 rows (the last one fewer); see `encoding`
    schema = JSON array of {"name", "type"} in column order, UTF-8, no white space; see `logical`

Blocks make the content independent of how a table was cut into chunks and let it stream in bounded memory. One digest
per column tells which columns two versions share. Little-endian throughout.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pyarrow as pa
from blake3 import blake3

from rollbook.model.canonical import JSON
from rollbook.model.digest import Digest
from rollbook.model.errors import InvalidTable
from rollbook.tables.encoding import encode_block, plain
from rollbook.tables.logical import is_bytes, is_text, logical_type

BLOCK_ROWS = 65_536
_MAGIC = b"rollbook table 1\0"


def table_schema(table: pa.Table | pa.Schema) -> list[dict[str, JSON]]:
    """The logical schema: `{"name", "type"}` per column, in order.

    Args:
        table: A table or an Arrow schema; its metadata and nullability do not count.

    Raises:
        InvalidTable: Two columns share a name, or a type has no canonical content.
    """
    schema: pa.Schema = table if isinstance(table, pa.Schema) else table.schema
    seen: set[str] = set()
    for name in schema.names:
        if name in seen:
            raise InvalidTable(f"two columns are named {name!r}", hint="rename one of them")
        seen.add(name)
    return [{"name": field.name, "type": logical_type(field.type, field.name)} for field in schema]


def logical_digest(source: pa.Table | pa.RecordBatchReader) -> Digest:
    """The digest of a table's schema and values.

    Two tables share it exactly when they have the same column names in the same order, the same logical types, the
    same number of rows and the same values: nulls equal nulls, NaN equals NaN, 0.0 differs from -0.0.

    Args:
        source: A table, or a reader whose batches are taken one by one.

    Raises:
        InvalidTable: A type has no canonical content, or two columns share a name.
    """
    hasher = ContentHasher(source.schema)
    for batch in source.to_batches() if isinstance(source, pa.Table) else source:
        hasher.update(batch)
    return hasher.digest()


class ContentHasher:
    """`logical_digest` for a table that arrives in batches.

    Args:
        schema: The Arrow schema that every batch has.

    Raises:
        InvalidTable: As in `table_schema`.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = msgspec.json.encode(table_schema(schema))
        self._columns = [blake3() for _ in schema]
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._rows = 0

    def update(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch.

        Raises:
            InvalidTable: A value has no place in the canonical form (seconds too far away for milliseconds).
        """
        offset = 0
        while offset < batch.num_rows:
            piece = batch.slice(offset, min(BLOCK_ROWS - self._waiting_rows, batch.num_rows - offset))
            self._waiting.append(piece)
            self._waiting_rows += piece.num_rows
            offset += piece.num_rows
            if self._waiting_rows == BLOCK_ROWS:
                self._hash_block()

    def digest(self) -> Digest:
        """The digest of everything added. Nothing may be added afterwards."""
        if self._waiting_rows:
            self._hash_block()
        whole = blake3(_MAGIC + len(self._schema).to_bytes(8, "little") + self._schema)
        whole.update(self._rows.to_bytes(8, "little"))
        for column in self._columns:
            whole.update(column.digest())
        return Digest.of_raw("blake3-table", whole.digest())

    def _hash_block(self) -> None:
        for index, column in enumerate(self._columns):
            try:
                encode_block(_joined(batch.column(index) for batch in self._waiting), column.update)
            except pa.ArrowException as error:
                name = self._waiting[0].schema.names[index]
                raise InvalidTable(f"column {name!r} has values outside its range: {error}") from error
        self._rows += self._waiting_rows
        self._waiting, self._waiting_rows = [], 0


def _joined(pieces: Iterable[pa.Array]) -> pa.Array:
    arrays = list(pieces)
    if len(arrays) == 1:
        return arrays[0]
    return pa.concat_arrays([_roomy(plain(array)) for array in arrays])


def _roomy(array: pa.Array) -> pa.Array:
    """Text with 64-bit offsets: joined pieces may pass 2 GiB."""
    if is_text(array.type):
        return array.cast(pa.large_string())
    return array.cast(pa.large_binary()) if is_bytes(array.type) else array
