"""Three values, one of them null, of every logical type."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa

STRUCT = pa.struct([("a", pa.int32()), ("b", pa.string())])
SAMPLES: dict[str, tuple[pa.DataType, list[Any]]] = {
    "null": (pa.null(), [None, None, None]),
    "bool": (pa.bool_(), [True, None, False]),
    "int8": (pa.int8(), [-1, None, 3]),
    "uint64": (pa.uint64(), [2**64 - 1, None, 0]),
    "float16": (pa.float16(), [0.5, None, float("inf")]),
    "float64": (pa.float64(), [0.1, None, float("nan")]),
    "decimal": (pa.decimal128(12, 3), [Decimal("1.250"), None, Decimal("-0.001")]),
    "decimal256": (pa.decimal256(50, 3), [Decimal("1.250"), None, Decimal("-0.001")]),
    "date": (pa.date32(), [dt.date(2026, 5, 1), None, dt.date(1969, 12, 31)]),
    "time": (pa.time64("us"), [dt.time(1, 2, 3, 4), None, dt.time(0)]),
    "timestamp": (pa.timestamp("us", "UTC"), [dt.datetime(2026, 5, 1, tzinfo=dt.UTC), None, None]),
    "duration": (pa.duration("ns"), [dt.timedelta(seconds=1), None, dt.timedelta(-1)]),
    "string": (pa.string(), ["Zoë", None, ""]),
    "binary": (pa.binary(), [b"\0\xff", None, b""]),
    "fixed_binary": (pa.binary(2), [b"ab", None, b"\0\0"]),
    "list": (pa.list_(pa.int16()), [[1, None], None, []]),
    "struct": (STRUCT, [{"a": 1, "b": None}, None, {"a": None, "b": "x"}]),
    "map": (pa.map_(pa.string(), pa.int8()), [[("k", 1)], None, []]),
    "nested": (pa.list_(pa.struct([("s", pa.list_(pa.string()))])), [[{"s": ["a", None]}, None], None, []]),
}
