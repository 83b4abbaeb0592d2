"""The canonical bytes of one block of a column (`docs/formats/tables.md`).

    block   = rows u64 | nulls u8 (0 or 1) | if nulls: one byte per row, 1 where there is a value | values
    values  = by logical type:
      null                      nothing
      bool                      one byte per row, 0 or 1
      integers, dates, times,
      timestamps, durations     fixed width, little-endian two's complement
      floats                    IEEE 754 little-endian; every NaN is the quiet NaN without payload; -0.0 stays -0.0
      decimal                   16 bytes little-endian (32 for more than 38 digits), the unscaled integer
      fixed_binary              its bytes
      string, binary            length of each value i64, then the bytes of all values
      list                      length of each value i64, then the block of all items of all lists
      map                       as a list of structs of key and value
      struct                    the block of each field, null where the struct is null

The slot of a null is zero (or length zero), whatever the source left there.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from rollbook.tables.logical import is_bytes, is_listlike, is_text, storage_unit, zone_name

Sink = Callable[[pa.Buffer | bytes], object]
"""Takes the next canonical bytes, for example the `update` of a hash."""

_INTEGER_OF_WIDTH = {8: pa.uint8(), 16: pa.uint16(), 32: pa.uint32(), 64: pa.uint64()}
# Width in bits: (all bits but the sign, bits of infinity, the canonical NaN).
_FLOAT_BITS = {
    16: (0x7FFF, 0x7C00, 0x7E00),
    32: (0x7FFF_FFFF, 0x7F80_0000, 0x7FC0_0000),
    64: (0x7FFF_FFFF_FFFF_FFFF, 0x7FF0_0000_0000_0000, 0x7FF8_0000_0000_0000),
}


def encode_block(array: pa.Array, sink: Sink) -> None:
    """Send the canonical bytes of an array.

    Args:
        array: Values of any type that `logical_type` accepts, in any encoding.
        sink: Called with each piece.
    """
    array = plain(array)
    sink(len(array).to_bytes(8, "little"))
    if array.null_count == 0:
        sink(b"\0")
    else:
        sink(b"\1")
        sink(_values_buffer(array.is_valid().cast(pa.uint8()), 1))
    _encode_values(array, sink)


def plain(array: pa.Array) -> pa.Array:
    """The same values without extension, dictionary and run-end encoding."""
    while True:
        if isinstance(array, pa.ExtensionArray):
            array = array.storage
        elif types.is_dictionary(array.type):
            array = array.dictionary_decode()
        elif types.is_run_end_encoded(array.type):
            array = pc.run_end_decode(array)
        else:
            return array


def _encode_values(array: pa.Array, sink: Sink) -> None:
    kind = array.type
    if types.is_null(kind):
        return
    if types.is_struct(kind):
        for child in array.flatten():
            encode_block(child, sink)
    elif types.is_map(kind):
        pair = pa.struct([("key", kind.key_type), ("value", kind.item_type)])
        _encode_values(array.cast(pa.list_(pair)), sink)
    elif is_listlike(kind):
        _encode_lengths(pc.list_value_length(array), sink)
        encode_block(array.flatten(), sink)
    elif is_text(kind) or is_bytes(kind):
        _encode_strings(array.cast(pa.large_binary() if is_bytes(kind) else pa.large_string()), sink)
    else:
        fixed = _fixed_width(array)
        sink(_values_buffer(fixed, fixed.type.bit_width // 8))


def _encode_lengths(lengths: pa.Array, sink: Sink) -> None:
    sink(_values_buffer(_without_nulls(lengths.cast(pa.int64())), 8))


def _encode_strings(array: pa.Array, sink: Sink) -> None:
    if array.null_count:
        array = pc.fill_null(array, pa.scalar(b"" if types.is_large_binary(array.type) else "", array.type))
    _encode_lengths(pc.binary_length(array), sink)
    offsets, data = array.buffers()[1:3]
    if data is not None and len(array):
        bounds = pa.Array.from_buffers(pa.int64(), array.offset + len(array) + 1, [None, offsets])
        begin, end = bounds[array.offset].as_py(), bounds[array.offset + len(array)].as_py()
        sink(data.slice(begin, end - begin))


def _fixed_width(array: pa.Array) -> pa.Array:
    """The values as an array without nulls whose buffer is canonical."""
    kind = array.type
    if types.is_boolean(kind):
        return _without_nulls(array.cast(pa.uint8()))
    if types.is_decimal(kind):
        wide = pa.decimal128 if kind.precision <= 38 else pa.decimal256
        return _without_nulls(array.cast(wide(kind.precision, kind.scale)))
    if types.is_fixed_size_binary(kind):
        return _without_nulls(array, bytes(kind.byte_width))
    if types.is_floating(kind):
        return _one_nan(_without_nulls(array.view(_INTEGER_OF_WIDTH[kind.bit_width])))
    array = one_unit(array)
    return _without_nulls(array.view(_INTEGER_OF_WIDTH[array.type.bit_width]))


def one_unit(array: pa.Array) -> pa.Array:
    """Times in the unit and zone name of their logical type; other values as they are."""
    kind = array.type
    if types.is_date64(kind):
        return array.cast(pa.date32())
    if types.is_timestamp(kind):
        return array.cast(pa.timestamp(storage_unit(kind.unit), zone_name(kind.tz)))
    if types.is_duration(kind):
        return array.cast(pa.duration(storage_unit(kind.unit)))
    if types.is_time32(kind):
        return array.cast(pa.time32("ms"))
    return array


def _without_nulls(array: pa.Array, zero: object = 0) -> pa.Array:
    return array if array.null_count == 0 else pc.fill_null(array, pa.scalar(zero, array.type))


def _one_nan(bits: pa.Array) -> pa.Array:
    magnitude, infinity, quiet = (pa.scalar(value, bits.type) for value in _FLOAT_BITS[bits.type.bit_width])
    is_nan = pc.greater(pc.bit_wise_and(bits, magnitude), infinity)
    return pc.if_else(is_nan, quiet, bits) if pc.any(is_nan).as_py() else bits


def _values_buffer(array: pa.Array, width: int) -> pa.Buffer | bytes:
    buffer = array.buffers()[1]
    return b"" if buffer is None else buffer.slice(array.offset * width, len(array) * width)
